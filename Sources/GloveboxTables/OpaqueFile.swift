/// What the checker reads when a file is no table.
package enum OpaqueFile {
    /// The form a file must have.
    package enum Form: Hashable, Sendable {
        /// A PNG of at most so many pixels, reduced to so many colours.
        case figure(maxPixels: Int, colours: Int)
        /// A safetensors file.
        case model
        /// A JSON array of so many numbers.
        case vector(length: Int)

        /// The numbers by which the checker is told, after the byte limit.
        package var arguments: [Int] {
            switch self {
            case .figure(let maxPixels, let colours): [1, maxPixels, colours]
            case .model: [2, 0, 0]
            case .vector(let length): [3, length, 0]
            }
        }

        /// The form that such numbers stand for; nil for others.
        package init?(arguments: [Int]) {
            switch arguments {
            case let numbers where numbers.count == 3 && numbers[0] == 1 && (2...16).contains(numbers[2]):
                self = .figure(maxPixels: numbers[1], colours: numbers[2])
            case [2, 0, 0]: self = .model
            case let numbers
            where numbers.count == 3 && numbers[0] == 3 && (1...CheckedVector.maxLength).contains(numbers[1])
                && numbers[2] == 0:
                self = .vector(length: numbers[1])
            default: return nil
            }
        }
    }

    /// What the checker says about one file.
    package enum Answer: Hashable, Sendable {
        case figure(CheckedFigure)
        case model(CheckedModel)
        case vector(CheckedVector)
        case refused(FileFault)
    }

    /// The parse that runs in the checker's own jail: untrusted bytes in, typed values or a refusal out.
    package static func parse(_ bytes: [UInt8], as form: Form, maxBytes: Int) -> Answer {
        guard bytes.count <= maxBytes else { return .refused(.tooLarge) }
        do throws(FileFault) {
            switch form {
            case .figure(let maxPixels, let colours):
                return .figure(try PNGReader.read(bytes, maxPixels: maxPixels, colours: colours))
            case .model: return .model(try SafetensorsReader.read(bytes))
            case .vector(let length): return .vector(try VectorReader.read(bytes, length: length))
            }
        } catch { return .refused(error) }
    }
}
