import KakudaiModels
import Testing
