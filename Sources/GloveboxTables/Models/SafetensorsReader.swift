internal import GloveboxCore

/// Reads a safetensors file that a job wrote: strict header, known types, data covered without gap and overlap.
///
/// Source: the safetensors format; release policy section 8.4.
package enum SafetensorsReader {
    /// Greatest length of the header.
    static let maxHeader = 100_000

    private struct Entry {
        let name: String
        let isHalf: Bool
        let shape: [Int]
        let range: Range<Int>
    }

    /// Reads a file.
    ///
    /// - Throws: why it is refused.
    package static func read(_ bytes: [UInt8]) throws(FileFault) -> CheckedModel {
        guard bytes.count >= 8 else { throw .truncated }
        let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= maxHeader else { throw .json }
        guard Int(length) <= bytes.count - 8 else { throw .truncated }
        let start = 8 + Int(length)
        var (entries, hadMetadata) = try header(Array(bytes[8..<start]))
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var end = 0
        for entry in entries {
            guard entry.range.lowerBound == end else { throw .offsets }
            end = entry.range.upperBound
        }
        guard end == bytes.count - start else { throw .offsets }
        var tensors: [CheckedModel.Tensor] = []
        for entry in entries {
            let data = bytes[start + entry.range.lowerBound..<start + entry.range.upperBound]
            tensors.append(
                CheckedModel.Tensor(name: entry.name, shape: entry.shape, bits: try numbers(data, isHalf: entry.isHalf))
            )
        }
        return CheckedModel(
            tensors,
            hadMetadata: hadMetadata,
            hasHalves: entries.contains(where: \.isHalf),
            hasSingles: entries.contains { !$0.isHalf }
        )
    }

    private static func header(_ bytes: [UInt8]) throws(FileFault) -> (entries: [Entry], hadMetadata: Bool) {
        var limits = JSONReader.Limits()
        (limits.bytes, limits.depth) = (maxHeader, 4)
        let value: JSONValue
        do { value = try JSONReader.read(bytes, limits: limits) } catch { throw .json }
        guard var object = value.object else { throw .json }
        let hadMetadata = object["__metadata__"] != nil
        object["__metadata__"] = nil
        guard (1...CheckedModel.maxTensors).contains(object.members.count) else { throw .json }
        var entries: [Entry] = []
        for member in object.members { entries.append(try entry(member)) }
        return (entries, hadMetadata)
    }

    private static func entry(_ member: JSONObject.Member) throws(FileFault) -> Entry {
        guard CheckedModel.isName(member.name) else { throw .name }
        guard let object = member.value.object, object.names == ["data_offsets", "dtype", "shape"] else { throw .json }
        guard let type = object["dtype"]?.string, type == "F32" || type == "BF16" else { throw .type }
        guard let shape = object["shape"]?.array, shape.count <= CheckedModel.maxRank else { throw .shape }
        var lengths: [Int] = []
        var count = 1
        for element in shape {
            guard let length = element.integer, (1...16_777_216).contains(length) else { throw .shape }
            lengths.append(Int(length))
            // At most 2^24 · 2^24, which is far from an overflow.
            count *= Int(length)
            guard count <= 16_777_216 else { throw .shape }
        }
        guard let offsets = object["data_offsets"]?.array, offsets.count == 2, let low = offsets[0].integer,
            let high = offsets[1].integer, low >= 0, high - low == Int64(count * (type == "F32" ? 4 : 2))
        else { throw .offsets }
        return Entry(name: member.name, isHalf: type == "BF16", shape: lengths, range: Int(low)..<Int(high))
    }

    private static func numbers(_ data: ArraySlice<UInt8>, isHalf: Bool) throws(FileFault) -> [UInt32] {
        let width = isHalf ? 2 : 4
        var numbers: [UInt32] = []
        numbers.reserveCapacity(data.count / width)
        for at in stride(from: data.startIndex, to: data.endIndex, by: width) {
            let raw = data[at..<at + width].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard let bits = TensorNumber.canonical(isHalf ? raw << 16 : raw) else { throw .notFinite }
            numbers.append(bits)
        }
        return numbers
    }
}
