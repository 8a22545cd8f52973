/* The part of libvips that Kakudai uses, without the variadic functions and macros that Swift cannot import.
 * Functions that can fail return NULL or a negative number, and then write one line to `error` (KI_ERROR_LENGTH chars). */
#ifndef CKAKUDAI_IMAGES_H
#define CKAKUDAI_IMAGES_H

#include <stddef.h>

#define KI_ERROR_LENGTH 512

/* Pixels are interleaved: 1 or 3 colours, then alpha where there is one; 8 or 16 bits each. */
typedef struct ki_layout {
  int width, height, colours, hasAlpha, bits;
} ki_layout;

typedef enum ki_format { KI_PNG, KI_JPEG, KI_WEBP, KI_TIFF } ki_format;

/* EXIF, XMP, ICC profile and resolution of a picture. */
typedef struct ki_metadata ki_metadata;
void ki_metadata_free(ki_metadata *metadata);

typedef struct ki_reader ki_reader;

/* Opens a file, or `length` bytes of memory that must outlive the reader where `path` is NULL. Rows are turned upright and,
 * where the picture has a profile of another space or is CMYK, converted to sRGB. */
ki_reader *ki_reader_open(const char *path, const void *bytes, size_t length, ki_layout *layout, char *error);
/* Rows must be read from the top to the bottom. */
int ki_reader_rows(ki_reader *reader, int top, int rows, void *pixels, char *error);
/* Whether the whole picture is decoded before the first row comes: turned, interlaced or of a format without rows. */
int ki_reader_decodes_whole(const ki_reader *reader);
ki_metadata *ki_reader_metadata(ki_reader *reader);
void ki_reader_close(ki_reader *reader);

typedef struct ki_writer ki_writer;

/* The bytes of the rows that wait between the caller and the encoder, and of those in the encoder. */
size_t ki_writer_memory(ki_layout layout, ki_format format);
/* Begins to encode into an open file in a thread of its own, for which the descriptor is copied; `metadata` may be NULL. Alpha is
 * laid over white for JPEG. */
ki_writer *ki_writer_open(int file, ki_format format, ki_layout layout, int quality,
                          const ki_metadata *metadata, char *error);
/* Hands over the next rows; waits while the encoder is behind. */
int ki_writer_rows(ki_writer *writer, const void *pixels, int rows, char *error);
/* Waits for the end of the file and frees the writer; before all rows were handed over, this fails. */
int ki_writer_close(ki_writer *writer, char *error);

#endif
