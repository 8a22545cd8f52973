import KakudaiWeights
import Testing
