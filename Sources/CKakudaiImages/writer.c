#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* Rows go from the caller to the encoder through a ring: the caller waits while it is full, the encoder while it is empty. */
struct ki_writer {
  ki_layout layout;
  ki_format format;
  int quality;
  VipsTarget *target;
  VipsImage *source; /* its rows come out of the ring */
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  char *ring;
  size_t rowLength;
  int capacity;  /* rows of the ring */
  int written;   /* rows put in so far */
  int consumed;  /* rows the encoder will not ask for again */
  int cancelled; /* no further rows will come */
  int ended;     /* the encoder has returned */
  int status;
  char error[KI_ERROR_LENGTH];
};

static size_t row_length(ki_layout layout) {
  return (size_t)layout.width * (size_t)(layout.colours + layout.hasAlpha) * (size_t)(layout.bits / 8);
}

/* The encoder asks for 16 rows at a time, and keeps up to 256 itself, so that the caller needs no long ring to run ahead. */
static int ring_rows(size_t rowLength) {
  const size_t rows = ((size_t)8 << 20) / rowLength;
  return rows < 64 ? 64 : rows > 512 ? 512 : (int)rows;
}

size_t ki_writer_memory(ki_layout layout, ki_format format) {
  const size_t length = row_length(layout);
  /* libvips writes 128 rows while it gathers the next; strips of TIFF have 128 rows, and are compressed in memory. */
  const size_t rows = (size_t)ring_rows(length) + 2 * 128 + (format == KI_TIFF ? 2 * 128 : 0);
  /* The picture, libwebp's form of it, and the file: up to so many bytes a pixel of noise in quality 100. */
  const size_t whole = format == KI_WEBP ? (layout.hasAlpha ? 21 : 10) : 0;
  return rows * length + whole * (size_t)layout.width * (size_t)layout.height;
}

/* Gives the encoder the rows it asks for, which it does from the top to the bottom. */
static int generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop) {
  ki_writer *writer = a;
  const VipsRect *wanted = &out->valid;
  const int end = wanted->top + wanted->height;
  pthread_mutex_lock(&writer->mutex);
  if (wanted->top > writer->consumed) {
    writer->consumed = wanted->top;
    pthread_cond_broadcast(&writer->changed);
  }
  while (writer->written < end && !writer->cancelled && wanted->height <= writer->capacity)
    pthread_cond_wait(&writer->changed, &writer->mutex);
  const int failed = writer->written < end || wanted->top < writer->consumed;
  pthread_mutex_unlock(&writer->mutex);
  if (failed) {
    vips_error("kakudai", "row %d of %d never came", writer->written, writer->layout.height);
    return -1;
  }
  const size_t pixel = writer->rowLength / (size_t)writer->layout.width;
  for (int y = wanted->top; y < end; y++)
    memcpy(VIPS_REGION_ADDR(out, wanted->left, y),
           writer->ring + (size_t)(y % writer->capacity) * writer->rowLength + (size_t)wanted->left * pixel,
           (size_t)wanted->width * pixel);
  return 0;
}

/* Converts RGB back to the profile that the picture came with; the profile goes through a file, as libvips wants it. */
static int restore_profile(VipsImage *in, VipsImage **out, int bits) {
  size_t length;
  const void *profile = in->Bands >= 3 ? ki_foreign_profile(in, &length) : NULL;
  if (!profile) return vips_copy(in, out, NULL);
  char *path = NULL;
  const int file = g_file_open_tmp("kakudai-XXXXXX.icc", &path, NULL);
  int failed = file < 0 || write(file, profile, length) != (ssize_t)length;
  if (file >= 0) close(file);
  if (failed)
    vips_error("kakudai", "no temporary file for the colour profile");
  else
    failed = vips_icc_transform(in, out, path, "input_profile", "srgb", "embedded", FALSE, "depth", bits, NULL);
  if (path) unlink(path);
  g_free(path);
  return failed ? -1 : 0;
}

static int save(ki_writer *writer, VipsImage *image) {
  switch (writer->format) {
  /* What enlarged pictures hold follows from the samples around it: after a filter, little effort finds most of the rest. */
  case KI_PNG:
    return vips_pngsave_target(image, writer->target, "compression", 2, "filter", VIPS_FOREIGN_PNG_FILTER_PAETH, NULL);
  /* No optimised coding, for which libjpeg would keep the whole picture. */
  case KI_JPEG: return vips_jpegsave_target(image, writer->target, "Q", writer->quality, NULL);
  case KI_WEBP: return vips_webpsave_target(image, writer->target, "Q", writer->quality, NULL);
  /* LZW is several times faster and makes files as small, but not of 16 bits. */
  case KI_TIFF:
    return vips_tiffsave_target(image, writer->target, "compression",
                                writer->layout.bits > 8 ? VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE
                                                        : VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
                                "predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "bigtiff",
                                VIPS_IMAGE_SIZEOF_IMAGE(image) > (guint64)2 << 30, NULL);
  }
  return -1;
}

static void *encode(void *argument) {
  ki_writer *writer = argument;
  VipsImage *converted = NULL, *flat = NULL;
  int status = restore_profile(writer->source, &converted, writer->layout.bits);
  if (!status && writer->format == KI_JPEG && vips_image_hasalpha(converted)) {
    double white[] = {255, 255, 255};
    VipsArrayDouble *background = vips_array_double_new(white, writer->layout.colours);
    status = vips_flatten(converted, &flat, "background", background, NULL);
    vips_area_unref(VIPS_AREA(background));
  } else if (!status) {
    flat = g_object_ref(converted);
  }
  if (!status) status = save(writer, flat);
  if (status) ki_take_error(writer->error);
  if (flat) g_object_unref(flat);
  if (converted) g_object_unref(converted);
  pthread_mutex_lock(&writer->mutex);
  writer->status = status;
  writer->ended = 1;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->mutex);
  vips_thread_shutdown();
  return NULL;
}

static void free_writer(ki_writer *writer) {
  if (writer->source) g_object_unref(writer->source);
  pthread_mutex_destroy(&writer->mutex);
  pthread_cond_destroy(&writer->changed);
  free(writer->ring);
  if (writer->target) g_object_unref(writer->target);
  g_free(writer);
}

ki_writer *ki_writer_open(int file, ki_format format, ki_layout layout, int quality, const ki_metadata *metadata,
                          char *error) {
  if (ki_start(error)) return NULL;
  ki_writer *writer = g_new0(ki_writer, 1);
  writer->layout = layout;
  writer->format = format;
  writer->quality = quality;
  writer->target = vips_target_new_to_descriptor(file);
  pthread_mutex_init(&writer->mutex, NULL);
  pthread_cond_init(&writer->changed, NULL);
  const int bands = layout.colours + layout.hasAlpha;
  writer->rowLength = row_length(layout);
  writer->capacity = ring_rows(writer->rowLength);
  writer->ring = malloc(writer->rowLength * (size_t)writer->capacity);
  writer->source = vips_image_new();
  const int isWide = layout.bits == 16;
  vips_image_init_fields(writer->source, layout.width, layout.height, bands,
                         isWide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                         layout.colours == 1 ? (isWide ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
                                             : (isWide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB),
                         72 / 25.4, 72 / 25.4);
  if (metadata) ki_copy_metadata(metadata->header, writer->source);
  /* A profile of another number of colours would be a lie. */
  if (vips_image_get_typeof(writer->source, VIPS_META_ICC_NAME)) {
    size_t length;
    const char *profile;
    if (vips_image_get_blob(writer->source, VIPS_META_ICC_NAME, (const void **)&profile, &length) || length < 20 ||
        memcmp(profile + 16, layout.colours == 1 ? "GRAY" : "RGB ", 4))
      vips_image_remove(writer->source, VIPS_META_ICC_NAME);
  }
  /* One thread asks for rows, in order. */
  vips_image_set_int(writer->source, VIPS_META_CONCURRENCY, 1);
  if (!writer->target || !writer->ring ||
      vips_image_pipelinev(writer->source, VIPS_DEMAND_STYLE_FATSTRIP, NULL) ||
      vips_image_generate(writer->source, NULL, generate, NULL, writer, NULL) ||
      pthread_create(&writer->thread, NULL, encode, writer)) {
    ki_take_error(error);
    free_writer(writer);
    return NULL;
  }
  return writer;
}

int ki_writer_rows(ki_writer *writer, const void *pixels, int rows, char *error) {
  int status = 0;
  pthread_mutex_lock(&writer->mutex);
  for (int row = 0; row < rows && !status; row++) {
    while (writer->written - writer->consumed >= writer->capacity && !writer->ended)
      pthread_cond_wait(&writer->changed, &writer->mutex);
    if (writer->ended) {
      g_strlcpy(error, writer->status ? writer->error : "more rows than the picture has", KI_ERROR_LENGTH);
      status = -1;
      break;
    }
    memcpy(writer->ring + (size_t)(writer->written % writer->capacity) * writer->rowLength,
           (const char *)pixels + (size_t)row * writer->rowLength, writer->rowLength);
    writer->written++;
    if (writer->written % 16 == 0 || row + 1 == rows) pthread_cond_broadcast(&writer->changed);
  }
  pthread_mutex_unlock(&writer->mutex);
  return status;
}

int ki_writer_close(ki_writer *writer, char *error) {
  pthread_mutex_lock(&writer->mutex);
  writer->cancelled = 1;
  pthread_cond_broadcast(&writer->changed);
  pthread_mutex_unlock(&writer->mutex);
  pthread_join(writer->thread, NULL);
  const int status = writer->status;
  if (status) g_strlcpy(error, writer->error, KI_ERROR_LENGTH);
  free_writer(writer);
  return status;
}
