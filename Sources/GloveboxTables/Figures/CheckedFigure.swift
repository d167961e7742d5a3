/// A picture that a job drew, reduced to sixteen fixed colours: nothing else of its bytes is left.
///
/// Source: release policy section 8.3.
package struct CheckedFigure: Hashable, Sendable {
    /// What the reader left out, for the reviewers.
    package struct Dropped: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Chunks that a picture does not need: text, times, colour profiles, transparency of a palette.
        package static let ancillary = Dropped(rawValue: 1)
        /// Bytes after the last row, inside the compressed data.
        package static let afterRows = Dropped(rawValue: 2)
        /// Bytes after the end of the file.
        package static let afterEnd = Dropped(rawValue: 4)

        /// The parts in words.
        package var words: [String] {
            [
                (Dropped.ancillary, "ancillary chunks"), (.afterRows, "bytes after the rows"),
                (.afterEnd, "bytes after the end"),
            ]
            .filter { contains($0.0) }.map(\.1)
        }
    }

    /// Width in pixels, above zero.
    package let width: Int
    /// Height in pixels, above zero.
    package let height: Int
    /// An index into ``FigurePalette`` for each pixel, row by row from the top.
    package let pixels: [UInt8]
    /// What was left out.
    package let dropped: Dropped

    /// Makes a figure; the number of pixels must be width times height.
    package init(width: Int, height: Int, pixels: [UInt8], dropped: Dropped = []) {
        precondition(width > 0 && height > 0 && pixels.count == width * height, "a figure of another size")
        (self.width, self.height, self.pixels, self.dropped) = (width, height, pixels, dropped)
    }
}

/// The sixteen colours of every released picture.
///
/// Source: release policy section 8.3.
package enum FigurePalette {
    /// Red, green and blue of each index.
    package static let colours: [[UInt8]] = [
        [0xff, 0xff, 0xff], [0x00, 0x00, 0x00], [0xc0, 0xc0, 0xc0], [0x60, 0x60, 0x60], [0x00, 0x72, 0xb2],
        [0xe6, 0x9f, 0x00], [0x00, 0x9e, 0x73], [0xd5, 0x5e, 0x00], [0xcc, 0x79, 0xa7], [0x56, 0xb4, 0xe9],
        [0xf0, 0xe4, 0x42], [0x7f, 0x3c, 0x8d], [0x8c, 0x56, 0x4b], [0x39, 0x69, 0xac], [0xa5, 0xaa, 0x99],
        [0xb2, 0x22, 0x22],
    ]

    /// The nearest colour among the first `count`, by squared distance; the lowest index on a tie.
    package static func nearest(_ red: UInt8, _ green: UInt8, _ blue: UInt8, count: Int = 16) -> UInt8 {
        var best = (index: 0, distance: Int.max)
        for index in 0..<count {
            let colour = colours[index]
            let (r, g, b) = (Int(red) - Int(colour[0]), Int(green) - Int(colour[1]), Int(blue) - Int(colour[2]))
            let distance = r * r + g * g + b * b
            if distance < best.distance { best = (index, distance) }
        }
        return UInt8(best.index)
    }
}
