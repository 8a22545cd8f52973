import KakudaiLayers
import Testing
