#define _GNU_SOURCE /* memmem, dladdr */
#include "support.h"

#include <dlfcn.h>
#include <pthread.h>

static int started = -1;

/* Warnings of the decoders are ours to report, or not. */
static void stay_silent(const char *domain, GLogLevelFlags level, const char *message, void *data) {}

/* The folder of libvips' modules; NULL where it has none. */
static char *modules;

static char *find_modules(void) {
  Dl_info library;
  if (g_getenv("VIPSHOME") || !dladdr((void *)(gintptr)vips_init, &library)) return NULL;
  char *folder = g_path_get_dirname(library.dli_fname);
  char *path = g_strdup_printf("%s/vips-modules-%d.%d", folder, vips_version(0), vips_version(1));
  g_free(folder);
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) return path;
  g_free(path);
  return NULL;
}

static void start_once(void) {
  modules = find_modules();
  /* libvips opens all modules (HEIF, JPEG XL, ImageMagick …) when it starts, half the time until there is a first row, unless it
   * looks for them in vain; they are opened when a picture needs them. */
  if (modules) g_setenv("VIPSHOME", "/nonexistent", TRUE);
  started = vips_init("kakudai");
  if (modules) g_unsetenv("VIPSHOME");
  if (started) return;
  /* Nothing is computed twice, and threads are ours. */
  vips_cache_set_max(0);
  g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG, stay_silent, NULL);
}

int ki_start(char *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_once);
  if (started) ki_take_error(error);
  return started;
}

void ki_open_modules(void) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  /* Of a library that libvips needs and we do not link. */
  void *(*open)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_DEFAULT, "g_module_open");
  GDir *folder = modules && open ? g_dir_open(modules, 0, NULL) : NULL;
  for (const char *name; folder && (name = g_dir_read_name(folder));) {
    char *path = g_build_filename(modules, name, NULL);
    open(path, 1 /* G_MODULE_BIND_LAZY */);
    g_free(path);
  }
  if (folder) g_dir_close(folder);
  g_free(modules);
  modules = NULL;
  pthread_mutex_unlock(&mutex);
}

void ki_take_error(char *error) {
  char *text = vips_error_buffer_copy();
  /* The first line says what went wrong, the second may give the system's words; further ones repeat it from callers. */
  g_strstrip(text);
  static const char mark[] = "unix error: ";
  char *end = strchr(text, '\n');
  if (end) *end++ = 0;
  if (end && g_str_has_prefix(end, mark)) {
    char *const words = end + strlen(mark);
    words[strcspn(words, "\n")] = 0;
    g_snprintf(error, KI_ERROR_LENGTH, "%s: %s", text, words);
  } else {
    g_strlcpy(error, *text ? text : "libvips gave no reason", KI_ERROR_LENGTH);
  }
  g_free(text);
}

/* What describes the file it came from, not the picture. */
static int is_of_file(const char *name) {
  static const char *const names[] = {"vips-loader", "n-pages", "page-height", "bits-per-sample", "palette",
                                      "palette-bit-depth", "interlaced", "vips-sequential", "orientation",
                                      "exif-ifd0-Orientation", "concurrency", "jpeg-multiscan",
                                      "jpeg-chroma-subsample", "jpeg-thumbnail-data", "filename"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(name, names[i])) return 1;
  return 0;
}

static void *copy_field(VipsImage *from, const char *name, GValue *value, void *to) {
  if (!is_of_file(name) && vips_image_get_typeof(from, name) != 0) {
    static const char *const header[] = {"width", "height", "bands", "format", "coding", "interpretation",
                                         "xoffset", "yoffset", "xres", "yres"};
    for (size_t i = 0; i < sizeof header / sizeof *header; i++)
      if (!strcmp(name, header[i])) return NULL;
    vips_image_set(to, name, value);
  }
  return NULL;
}

void ki_copy_metadata(VipsImage *from, VipsImage *to) {
  vips_image_map(from, copy_field, to);
  to->Xres = from->Xres;
  to->Yres = from->Yres;
  /* EXIF data still say how the file was turned. */
  if (vips_image_get_typeof(to, VIPS_META_EXIF_NAME)) vips_image_set_int(to, VIPS_META_ORIENTATION, 1);
}

void ki_metadata_free(ki_metadata *metadata) {
  if (!metadata) return;
  g_object_unref(metadata->header);
  g_free(metadata);
}

const void *ki_foreign_profile(VipsImage *image, size_t *length) {
  const void *profile;
  if (!vips_image_get_typeof(image, VIPS_META_ICC_NAME) ||
      vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, length))
    return NULL;
  /* Profiles of sRGB say so in their description, as ASCII or as UTF-16. */
  if (memmem(profile, *length, "sRGB", 4) || memmem(profile, *length, "s\0R\0G\0B", 7)) return NULL;
  return profile;
}
