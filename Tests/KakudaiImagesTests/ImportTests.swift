import KakudaiImages
import Testing
