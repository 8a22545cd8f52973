import CKakudaiImages

/// What a picture file carries beside its pixels: EXIF, XMP, ICC profile, resolution. The orientation is reset, as pictures
/// are turned upright when they are read.
public final class ImageMetadata: @unchecked Sendable {
  /// Never changed after it was made.
  let fields: OpaquePointer

  init(_ fields: OpaquePointer) { self.fields = fields }

  deinit { ki_metadata_free(fields) }
}
