/// Why a picture, a model file or a list of numbers is refused.
///
/// It carries no byte of the file.
package enum FileFault: UInt8, Error, CaseIterable, Sendable {
    case signature = 1
    case truncated = 2
    case checksum = 3
    case chunk = 4
    case header = 5
    case tooManyPixels = 6
    case palette = 7
    case compression = 8
    case rowFilter = 9
    case json = 20
    case name = 21
    case type = 22
    case shape = 23
    case offsets = 24
    case notFinite = 25
    case length = 26
    case tooLarge = 40

    /// A sentence for people.
    package var message: String {
        switch self {
        case .signature: "the file is no PNG"
        case .truncated: "the file ends too early"
        case .checksum: "a checksum is wrong"
        case .chunk: "a chunk is unknown or stands at the wrong place"
        case .header: "a header asks for what is not allowed: 8-bit grey, RGB, RGBA or palette, not interlaced"
        case .tooManyPixels: "the picture has no pixel, or more than allowed"
        case .palette: "the palette is missing, has a wrong length, or a pixel is outside it"
        case .compression: "the compressed data is damaged or too short"
        case .rowFilter: "a row has an unknown filter"
        case .json: "the file, or the header of its tensors, is no strict JSON of the expected form"
        case .name: "a tensor has a name that is not allowed"
        case .type: "a tensor is neither F32 nor BF16"
        case .shape: "a tensor has a shape that is not allowed"
        case .offsets: "the tensors do not cover the data without gap and overlap"
        case .notFinite: "a number is not finite"
        case .length: "there are more or fewer numbers than the policy says"
        case .tooLarge: "the file is over the byte limit"
        }
    }
}
