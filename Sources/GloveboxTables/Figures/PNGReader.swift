internal import CZlib

/// Reads a PNG that a job wrote: every length, checksum and order is checked, and the picture is inflated only after its
/// size is known and allowed.
///
/// Source: PNG specification (ISO/IEC 15948); release policy section 8.3.
package struct PNGReader {
    static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

    private enum Colour: UInt8 {
        case grey = 0
        case rgb = 2
        case palette = 3
        case rgba = 6

        var bytesPerPixel: Int {
            switch self {
            case .grey, .palette: 1
            case .rgb: 3
            case .rgba: 4
            }
        }
    }

    private let bytes: [UInt8]
    private var at = signature.count
    private var width = 0
    private var height = 0
    private var colour = Colour.grey
    private var palette: [UInt8] = []
    private var data: [UInt8] = []
    private var dropped: CheckedFigure.Dropped = []

    /// Reads a picture of at most `maxPixels` pixels and reduces it to the first `colours` colours of the palette.
    ///
    /// - Throws: why the file is refused.
    package static func read(_ bytes: [UInt8], maxPixels: Int, colours: Int = 16) throws(FileFault) -> CheckedFigure {
        guard bytes.starts(with: signature) else { throw .signature }
        var reader = PNGReader(bytes)
        try reader.chunks(maxPixels)
        return try reader.figure(colours)
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func chunks(_ maxPixels: Int) throws(FileFault) {
        var previous = ""
        while true {
            let (type, body) = try chunk()
            guard !previous.isEmpty || type == "IHDR" else { throw .chunk }
            switch type {
            case "IHDR":
                guard previous.isEmpty else { throw .chunk }
                try header(Array(body), maxPixels)
            case "PLTE":
                guard palette.isEmpty, data.isEmpty, colour != .grey else { throw .chunk }
                guard body.count % 3 == 0, (3...768).contains(body.count) else { throw .palette }
                palette = Array(body)
            case "IDAT":
                guard data.isEmpty || previous == "IDAT" else { throw .chunk }
                data += body
            case "IEND":
                guard body.isEmpty, !data.isEmpty else { throw .chunk }
                if at < bytes.count { dropped.insert(.afterEnd) }
                return
            default:
                // An upper-case first letter says that a picture cannot be shown without the chunk.
                guard type.utf8.first.map({ $0 & 0x20 != 0 }) == true else { throw .chunk }
                dropped.insert(.ancillary)
            }
            previous = type
        }
    }

    private mutating func chunk() throws(FileFault) -> (String, ArraySlice<UInt8>) {
        guard bytes.count - at >= 12 else { throw .truncated }
        let length = Int(number(at))
        guard length <= bytes.count - at - 12 else { throw .truncated }
        let name = bytes[at + 4..<at + 8]
        guard name.allSatisfy({ (65...90).contains($0 & 0xdf) }) else { throw .chunk }
        let end = at + 8 + length
        guard Self.crc(bytes[at + 4..<end]) == number(end) else { throw .checksum }
        defer { at = end + 4 }
        return (String(decoding: name, as: UTF8.self), bytes[at + 8..<end])
    }

    private mutating func header(_ body: [UInt8], _ maxPixels: Int) throws(FileFault) {
        guard body.count == 13, body[8] == 8, let colour = Colour(rawValue: body[9]), body[10...] == [0, 0, 0] else {
            throw .header
        }
        self.colour = colour
        (width, height) = (Int(number(at: 0, of: body)), Int(number(at: 4, of: body)))
        let (pixels, isOverflow) = width.multipliedReportingOverflow(by: height)
        guard !isOverflow, (1...maxPixels).contains(pixels) else { throw .tooManyPixels }
    }

    private mutating func figure(_ colours: Int) throws(FileFault) -> CheckedFigure {
        guard colour != .palette || !palette.isEmpty else { throw .palette }
        let step = colour.bytesPerPixel
        let row = width * step
        let rows = try Self.unfiltered(inflated(height * (1 + row)), row: row, step: step)
        var near: [UInt32: UInt8] = [:]  // a picture has few colours, and each is compared with sixteen
        var pixels: [UInt8] = []
        pixels.reserveCapacity(width * height)
        for at in stride(from: 0, to: rows.count, by: step) {
            let (red, green, blue): (UInt8, UInt8, UInt8)
            switch colour {
            case .grey: (red, green, blue) = (rows[at], rows[at], rows[at])
            case .rgb: (red, green, blue) = (rows[at], rows[at + 1], rows[at + 2])
            case .rgba:
                let alpha = rows[at + 3]
                red = Self.overWhite(rows[at], alpha)
                green = Self.overWhite(rows[at + 1], alpha)
                blue = Self.overWhite(rows[at + 2], alpha)
            case .palette:
                let entry = Int(rows[at]) * 3
                guard entry < palette.count else { throw .palette }
                (red, green, blue) = (palette[entry], palette[entry + 1], palette[entry + 2])
            }
            let key = UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
            let index = near[key] ?? FigurePalette.nearest(red, green, blue, count: colours)
            near[key] = index
            pixels.append(index)
        }
        return CheckedFigure(width: width, height: height, pixels: pixels, dropped: dropped)
    }

    private mutating func inflated(_ size: Int) throws(FileFault) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: size)
        var (written, read) = (uLongf(size), uLong(data.count))
        let status = unsafe uncompress2(&out, &written, data, &read)
        // Z_BUF_ERROR says that the room is full and more would follow.
        guard status == Z_OK || status == Z_BUF_ERROR, written == uLongf(size) else { throw .compression }
        if status == Z_BUF_ERROR || read < uLong(data.count) { dropped.insert(.afterRows) }
        return out
    }

    // PNG specification, section 9: each row starts with the number of its filter.
    private static func unfiltered(_ data: [UInt8], row: Int, step: Int) throws(FileFault) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(data.count)
        for start in stride(from: 0, to: data.count, by: row + 1) {
            let filter = data[start]
            guard filter <= 4 else { throw .rowFilter }
            let above = out.count - row
            for index in 0..<row {
                let left = index >= step ? out[out.count - step] : 0
                let up = above >= 0 ? out[above + index] : 0
                let corner = index >= step && above >= 0 ? out[above + index - step] : 0
                let guess: UInt8 =
                    switch filter {
                    case 1: left
                    case 2: up
                    case 3: UInt8((Int(left) + Int(up)) / 2)
                    case 4: paeth(left, up, corner)
                    default: 0
                    }
                out.append(data[start + 1 + index] &+ guess)
            }
        }
        return out
    }

    private static func paeth(_ left: UInt8, _ up: UInt8, _ corner: UInt8) -> UInt8 {
        let estimate = Int(left) + Int(up) - Int(corner)
        let (a, b, c) = (abs(estimate - Int(left)), abs(estimate - Int(up)), abs(estimate - Int(corner)))
        return a <= b && a <= c ? left : b <= c ? up : corner
    }

    private static func overWhite(_ value: UInt8, _ alpha: UInt8) -> UInt8 {
        let white = 255 * (255 - Int(alpha))
        return UInt8((Int(value) * Int(alpha) + white + 127) / 255)
    }

    private func number(_ place: Int) -> UInt32 { number(at: place, of: bytes) }

    private func number(at place: Int, of bytes: [UInt8]) -> UInt32 {
        var value: UInt32 = 0
        for byte in bytes[place..<place + 4] { value = value << 8 | UInt32(byte) }
        return value
    }

    /// CRC-32 as in PNG.
    static func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let sum = unsafe bytes.withUnsafeBufferPointer { unsafe crc32(0, $0.baseAddress, uInt($0.count)) }
        return UInt32(truncatingIfNeeded: sum)
    }
}
