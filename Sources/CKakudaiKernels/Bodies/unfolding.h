/* The kernel of ck_unfolding.h. */

CK_INLINE void ck_copy_few(float *restrict target, const float *restrict source, size_t count) {
  switch (count) {
  case 1: memcpy(target, source, 4); break;
  case 2: memcpy(target, source, 8); break;
  case 3: memcpy(target, source, 12); break;
  case 4: memcpy(target, source, 16); break;
  case 5: memcpy(target, source, 20); break;
  default: memcpy(target, source, count * 4);
  }
}

/* The samples that one row of the kernel meets. */
CK_INLINE void ck_unfold_row(const float *row, const ck_unfolded_axis *axis, ptrdiff_t first, float *target) {
  if (axis->dilation == 1 && first >= 0 && first + axis->kernel <= axis->length) {
    ck_copy_few(target, row + first, (size_t)axis->kernel);
    return;
  }
  for (ptrdiff_t j = 0; j < axis->kernel; j++) {
    const ptrdiff_t x = first + j * axis->dilation;
    target[j] = x >= 0 && x < axis->length ? row[x] : 0;
  }
}

static void ck_unfold(const ck_unfolding *unfolding) {
  const ck_unfolding u = *unfolding;
  for (ptrdiff_t y = 0; y < u.rows.positions; y++)
    for (ptrdiff_t x = 0; x < u.columns.positions; x++) {
      float *target = u.target + (y * u.columns.positions + x) * u.targetStride;
      const ptrdiff_t first = x * u.columns.stride - u.columns.padding;
      for (size_t c = 0; c < u.channels; c++)
        for (ptrdiff_t i = 0; i < u.rows.kernel; i++, target += u.columns.kernel) {
          const ptrdiff_t row = y * u.rows.stride + i * u.rows.dilation - u.rows.padding;
          if (row < 0 || row >= u.rows.length)
            memset(target, 0, (size_t)u.columns.kernel * 4);
          else
            ck_unfold_row(u.source + (ptrdiff_t)c * u.channelStride + row * u.columns.length, &u.columns, first, target);
        }
    }
}
