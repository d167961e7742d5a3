internal import GloveboxTables

/// A picture being drawn, in palette colours and whole pixels.
struct ChartCanvas {
    let width: Int
    let height: Int
    private(set) var pixels: [UInt8]

    /// A white canvas.
    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        pixels = [UInt8](repeating: 0, count: width * height)
    }

    /// What was drawn.
    var figure: CheckedFigure { CheckedFigure(width: width, height: height, pixels: pixels) }

    /// Sets a pixel; one outside the canvas is left out.
    mutating func dot(_ x: Int, _ y: Int, _ colour: UInt8) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        pixels[y * width + x] = colour
    }

    /// Fills a rectangle, both corners included.
    mutating func fill(_ x: ClosedRange<Int>, _ y: ClosedRange<Int>, _ colour: UInt8) {
        for row in y { for column in x { dot(column, row, colour) } }
    }

    /// Draws a straight line by Bresenham's algorithm.
    mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int), _ colour: UInt8) {
        var (x, y) = start
        let (dx, dy) = (abs(end.x - x), -abs(end.y - y))
        let (stepX, stepY) = (x < end.x ? 1 : -1, y < end.y ? 1 : -1)
        var error = dx + dy
        while true {
            dot(x, y, colour)
            if x == end.x, y == end.y { return }
            let twice = 2 * error
            if twice >= dy {
                error += dy
                x += stepX
            }
            if twice <= dx {
                error += dx
                y += stepY
            }
        }
    }

    /// Writes at most so many letters, its top left corner at the place given.
    mutating func write(_ text: String, _ x: Int, _ y: Int, _ colour: UInt8, atMost count: Int = 100) {
        for (index, byte) in text.utf8.prefix(max(0, count)).enumerated() {
            guard let rows = ChartFont.glyph(byte) else { continue }
            for (down, row) in rows.enumerated() {
                for across in 0..<ChartFont.size where row >> UInt8(7 - across) & 1 == 1 {
                    dot(x + index * ChartFont.size + across, y + down, colour)
                }
            }
        }
    }
}
