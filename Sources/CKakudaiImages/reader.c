#include "support.h"

struct ki_reader {
  VipsImage *upright; /* before any conversion of colours: what the metadata belong to */
  VipsImage *image;
  int decodesWhole;
};

/* Replaces `*image` by `next`, and returns 0 when there is one. */
static int step(VipsImage **image, int failed, VipsImage *next) {
  if (failed) return -1;
  g_object_unref(*image);
  *image = next;
  return 0;
}

/* Whether a picture just opened is one that its decoder cannot give row by row. */
static int lacks_rows(VipsImage *image) {
  static const char *const marks[] = {"interlaced", "jpeg-multiscan"};
  int value = 0;
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
    if (vips_image_get_typeof(image, marks[i]) && !vips_image_get_int(image, marks[i], &value) && value) return 1;
  static const char *const loaders[] = {"webpload", "heifload", "jxlload", "gifload", "bmpload", "magickload"};
  const char *loader;
  if (!vips_image_get_typeof(image, VIPS_META_LOADER) || vips_image_get_string(image, VIPS_META_LOADER, &loader)) return 0;
  for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++)
    if (g_str_has_prefix(loader, loaders[i])) return 1;
  return 0;
}

static VipsImage *load(const char *path, const void *bytes, size_t length, VipsAccess access, char *error) {
  VipsSource *source = path ? vips_source_new_from_file(path) : vips_source_new_from_memory(bytes, length);
  if (!source) {
    ki_take_error(error);
    return NULL;
  }
  const char *loader = vips_foreign_find_load_source(source);
  if (!loader) {
    ki_open_modules();
    loader = vips_foreign_find_load_source(source);
  }
  /* What decoders said that were asked whether it is theirs: it would stand for the reason of another failure. */
  vips_error_clear();
  /* Tables of numbers in text are pictures to libvips only. */
  if (!loader || g_str_has_prefix(loader, "VipsForeignLoadMatrix") || g_str_has_prefix(loader, "VipsForeignLoadCsv")) {
    g_strlcpy(error, "it is in no format that is known here", KI_ERROR_LENGTH);
    g_object_unref(source);
    return NULL;
  }
  /* By source and not by name, as names may hold brackets that libvips would take for options. */
  VipsImage *image =
      vips_image_new_from_source(source, "", "access", access, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
  if (!image && *vips_error_buffer()) ki_take_error(error);
  /* Of which libvips says nothing. */
  else if (!image) g_strlcpy(error, "it ends in its header, or that is damaged", KI_ERROR_LENGTH);
  g_object_unref(source);
  return image;
}

/* Brings what decoders give to 1 or 3 colours of 8 or 16 bits in sRGB, and to alpha. */
static int convert(VipsImage **image) {
  VipsImage *next = NULL;
  const int isWide = (*image)->BandFmt != VIPS_FORMAT_UCHAR;
  const VipsInterpretation kind = vips_image_guess_interpretation(*image);
  size_t length;
  if (kind == VIPS_INTERPRETATION_CMYK) {
    if (step(image,
             vips_icc_transform(*image, &next, "srgb", "embedded", TRUE, "input_profile", "cmyk", "depth",
                                isWide ? 16 : 8, NULL),
             next))
      return -1;
  } else if (kind != VIPS_INTERPRETATION_sRGB && kind != VIPS_INTERPRETATION_RGB &&
             kind != VIPS_INTERPRETATION_RGB16 && kind != VIPS_INTERPRETATION_B_W &&
             kind != VIPS_INTERPRETATION_GREY16 && kind != VIPS_INTERPRETATION_MULTIBAND) {
    if (step(image, vips_colourspace(*image, &next, isWide ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB, NULL),
             next))
      return -1;
  } else if ((*image)->Bands >= 3 && ki_foreign_profile(*image, &length)) {
    if (step(image, vips_icc_transform(*image, &next, "srgb", "embedded", TRUE, "depth", isWide ? 16 : 8, NULL), next))
      return -1;
  }
  if ((*image)->BandFmt != VIPS_FORMAT_UCHAR && (*image)->BandFmt != VIPS_FORMAT_USHORT) {
    const int isGrey = (*image)->Bands < 3;
    if (step(image,
             vips_colourspace(*image, &next, isGrey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, NULL),
             next))
      return -1;
    if ((*image)->BandFmt != VIPS_FORMAT_USHORT && step(image, vips_cast_ushort(*image, &next, NULL), next)) return -1;
  }
  return 0;
}

ki_reader *ki_reader_open(const char *path, const void *bytes, size_t length, ki_layout *layout, char *error) {
  if (ki_start(error)) return NULL;
  VipsImage *image = load(path, bytes, length, VIPS_ACCESS_SEQUENTIAL, error);
  int decodesWhole = image && lacks_rows(image);
  /* Turning a picture needs all of it. */
  if (image && vips_image_get_orientation(image) > 1) {
    decodesWhole = 1;
    g_object_unref(image);
    image = load(path, bytes, length, VIPS_ACCESS_RANDOM, error);
  }
  if (!image) return NULL;
  VipsImage *next = NULL;
  if (step(&image, vips_autorot(image, &next, NULL), next)) {
    ki_take_error(error);
    g_object_unref(image);
    return NULL;
  }
  ki_reader *reader = g_new0(ki_reader, 1);
  reader->decodesWhole = decodesWhole;
  reader->upright = image;
  reader->image = g_object_ref(image);
  const int failed = convert(&reader->image);
  const int bands = reader->image->Bands;
  layout->width = reader->image->Xsize;
  layout->height = reader->image->Ysize;
  layout->hasAlpha = bands == 2 || bands == 4;
  layout->colours = bands - layout->hasAlpha;
  layout->bits = reader->image->BandFmt == VIPS_FORMAT_UCHAR ? 8 : 16;
  if (failed) {
    ki_take_error(error);
  } else if (bands > 4) {
    g_snprintf(error, KI_ERROR_LENGTH, "it has %d channels, and pictures have 1 to 4", bands);
  } else {
    return reader;
  }
  ki_reader_close(reader);
  return NULL;
}

int ki_reader_rows(ki_reader *reader, int top, int rows, void *pixels, char *error) {
  const VipsRect rectangle = {.left = 0, .top = top, .width = reader->image->Xsize, .height = rows};
  /* A region belongs to the thread that made it, and the caller's may change from call to call. */
  VipsRegion *region = vips_region_new(reader->image);
  if (vips_region_prepare(region, &rectangle)) {
    ki_take_error(error);
    g_object_unref(region);
    return -1;
  }
  const size_t length = VIPS_IMAGE_SIZEOF_LINE(reader->image);
  for (int row = 0; row < rows; row++)
    memcpy((char *)pixels + (size_t)row * length, VIPS_REGION_ADDR(region, 0, top + row), length);
  g_object_unref(region);
  return 0;
}

int ki_reader_decodes_whole(const ki_reader *reader) { return reader->decodesWhole; }

ki_metadata *ki_reader_metadata(ki_reader *reader) {
  VipsImage *header = NULL;
  if (vips_black(&header, 1, 1, NULL)) return NULL;
  ki_copy_metadata(reader->upright, header);
  /* What was converted for good has another profile now. */
  if (vips_image_guess_interpretation(reader->upright) == VIPS_INTERPRETATION_CMYK)
    vips_image_remove(header, VIPS_META_ICC_NAME);
  ki_metadata *metadata = g_new(ki_metadata, 1);
  metadata->header = header;
  return metadata;
}

void ki_reader_close(ki_reader *reader) {
  if (reader->image) g_object_unref(reader->image);
  if (reader->upright) g_object_unref(reader->upright);
  g_free(reader);
}
