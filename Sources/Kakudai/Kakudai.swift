/// Everything but pictures, for programs that run or train networks: one import in place of five.
@_exported public import KakudaiInference
@_exported public import KakudaiLayers
@_exported public import KakudaiModels
@_exported public import KakudaiTensors
@_exported public import KakudaiWeights
