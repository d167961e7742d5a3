package import GloveboxCore

/// The bytes between the checker and the supervisor for files that are no tables: big-endian, nothing optional.
///
///     answer  = "gbxo" version:u8(1) kind:u8
///     kind 0  = fault:u8
///     kind 1  = width:u32 height:u32 dropped:u8 index:u8*(width*height)
///     kind 2  = flags:u8 tensors:u32 (name:text rank:u8 length:u32*rank bits:u32*values)*tensors
///     kind 3  = numbers:u8 (high:i64 low:i64 exponent:i64)*numbers
///
/// Flags are 1 for metadata that was left out, 2 for numbers of 16 bits and 4 for numbers of 32. The supervisor treats these
/// bytes as hostile: the process that made them has read what a job wrote.
package enum OpaqueWire {
    private static let head = Array("gbxo".utf8) + [1]

    /// Encodes an answer.
    package static func encode(_ answer: OpaqueFile.Answer) -> [UInt8] {
        var out = ByteWriter()
        out.bytes = head
        switch answer {
        case .refused(let fault):
            out.u8(0)
            out.u8(fault.rawValue)
        case .figure(let figure):
            out.u8(1)
            out.u32(figure.width)
            out.u32(figure.height)
            out.u8(figure.dropped.rawValue)
            out.bytes += figure.pixels
        case .model(let model):
            out.u8(2)
            out.u8((model.hadMetadata ? 1 : 0) | (model.hasHalves ? 2 : 0) | (model.hasSingles ? 4 : 0))
            out.u32(model.tensors.count)
            for tensor in model.tensors {
                out.text(tensor.name)
                out.u8(UInt8(tensor.shape.count))
                for length in tensor.shape { out.u32(length) }
                for bits in tensor.bits { out.u32(Int(bits)) }
            }
        case .vector(let vector):
            out.u8(3)
            out.u8(UInt8(vector.numbers.count))
            for number in vector.numbers {
                out.i64(Int64(truncatingIfNeeded: number.mantissa >> 64))
                out.i64(Int64(truncatingIfNeeded: number.mantissa))
                out.i64(Int64(number.exponent))
            }
        }
        return out.bytes
    }

    /// Decodes and validates an answer: that it is of the form asked for, types, sizes, ranges, and that nothing follows.
    ///
    /// - Throws: `format.bytes`.
    package static func decode(_ bytes: [UInt8], as form: OpaqueFile.Form) throws(GloveboxError) -> OpaqueFile.Answer {
        var input = ByteReader(bytes)
        guard try input.take(head.count).elementsEqual(head) else { throw ByteReader.invalid }
        let answer: OpaqueFile.Answer
        switch (try input.u8(), form) {
        case (0, _):
            guard let fault = FileFault(rawValue: try input.u8()) else { throw ByteReader.invalid }
            answer = .refused(fault)
        case (1, .figure(let maxPixels, let colours)): answer = .figure(try figure(&input, maxPixels, colours))
        case (2, .model): answer = .model(try model(&input))
        case (3, .vector(let length)): answer = .vector(try vector(&input, length))
        default: throw ByteReader.invalid
        }
        guard input.isAtEnd else { throw ByteReader.invalid }
        return answer
    }

    private static func figure(
        _ input: inout ByteReader,
        _ maxPixels: Int,
        _ colours: Int
    ) throws(GloveboxError) -> CheckedFigure {
        let (width, height) = (try input.u32(), try input.u32())
        let dropped = CheckedFigure.Dropped(rawValue: try input.u8())
        guard width > 0, height > 0, max(width, height) <= maxPixels, width * height <= maxPixels, dropped.rawValue < 8
        else { throw ByteReader.invalid }
        let pixels = Array(try input.take(width * height))
        guard pixels.allSatisfy({ $0 < colours }) else { throw ByteReader.invalid }
        return CheckedFigure(width: width, height: height, pixels: pixels, dropped: dropped)
    }

    private static func vector(_ input: inout ByteReader, _ length: Int) throws(GloveboxError) -> CheckedVector {
        guard try input.u8() == length else { throw ByteReader.invalid }
        var numbers: [ExactDecimal] = []
        for _ in 0..<length {
            let (high, low) = (try input.i64(), try input.i64())
            let mantissa = Int128(high) << 64 | Int128(UInt64(bitPattern: low))
            guard mantissa > .min, let exponent = Int(exactly: try input.i64()), abs(mantissa) < Int128.max / 10,
                (-100...100).contains(exponent)
            else { throw ByteReader.invalid }
            let number = ExactDecimal(mantissa: mantissa, exponent: exponent)
            guard number.mantissa == mantissa, number.exponent == exponent, CheckedVector.isValid(number) else {
                throw ByteReader.invalid
            }
            numbers.append(number)
        }
        return CheckedVector(numbers)
    }

    private static func model(_ input: inout ByteReader) throws(GloveboxError) -> CheckedModel {
        let flags = try input.u8()
        let count = try input.u32()
        guard flags < 8, (1...CheckedModel.maxTensors).contains(count) else { throw ByteReader.invalid }
        var tensors: [CheckedModel.Tensor] = []
        for _ in 0..<count {
            let name = try input.text()
            let rank = Int(try input.u8())
            guard CheckedModel.isName(name), rank <= CheckedModel.maxRank,
                tensors.last.map({ $0.name.utf8.lexicographicallyPrecedes(name.utf8) }) != false
            else { throw ByteReader.invalid }
            var shape: [Int] = []
            var values = 1
            for _ in 0..<rank {
                let length = try input.u32()
                guard length > 0, length <= input.left else { throw ByteReader.invalid }
                shape.append(length)
                values *= length
                guard values <= input.left / 4 else { throw ByteReader.invalid }
            }
            var bits: [UInt32] = []
            bits.reserveCapacity(values)
            for _ in 0..<values {
                let number = UInt32(try input.u32())
                guard TensorNumber.canonical(number) == number else { throw ByteReader.invalid }
                bits.append(number)
            }
            tensors.append(CheckedModel.Tensor(name: name, shape: shape, bits: bits))
        }
        return CheckedModel(
            tensors,
            hadMetadata: flags & 1 != 0,
            hasHalves: flags & 2 != 0,
            hasSingles: flags & 4 != 0
        )
    }
}
