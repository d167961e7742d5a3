package import GloveboxCore
internal import GloveboxPolicy
package import GloveboxTables

/// Draws a released table: rounded numbers in, the same pixels out, by integer arithmetic alone.
///
/// Source: release policy section 8.5.
package struct ChartRenderer {
    /// Greatest number of series, one for each colour from ``firstColour`` on.
    package static let maxSeries = 12
    private static let firstColour: UInt8 = 4
    private static let (left, right, top, bottom) = (80, 760, 40, 520)
    private static let (black, grey): (UInt8, UInt8) = (1, 2)

    private let spec: ChartSpec
    private let across: [String]
    private let series: [String]
    /// The value of each series at each place; nil leaves a gap.
    private let values: [[Ratio?]]
    private let bounds: (low: Ratio, high: Ratio)

    /// Lays out a chart.
    ///
    /// - Throws: `spec.chart` when the table has too many places or series.
    package init(_ spec: ChartSpec, _ table: ReleasedTable) throws(GloveboxError) {
        self.spec = spec
        let x = table.header.firstIndex { $0.utf8.elementsEqual(spec.x.utf8) } ?? 0
        let colour = spec.series.flatMap { name in table.header.firstIndex { $0.utf8.elementsEqual(name.utf8) } }
        let across = Self.distinct(table.rows.map { $0.labels[x] })
        let series = colour.map { colour in Self.distinct(table.rows.map { $0.labels[colour] }) } ?? [""]
        guard (1...340).contains(across.count), (1...Self.maxSeries).contains(series.count) else {
            throw GloveboxError("spec.chart", "a chart has at most 340 places and \(Self.maxSeries) series")
        }
        var values = series.map { _ in across.map { _ in Ratio?.none } }
        for row in table.rows where !row.isSuppressed {
            guard let place = across.firstIndex(of: row.labels[x]) else { continue }
            let line = colour.flatMap { series.firstIndex(of: row.labels[$0]) } ?? 0
            values[line][place] =
                spec.y == "n" ? Ratio(BigInteger(row.rounded)) : row.measure?.rounded.map { Ratio($0) }
        }
        (self.across, self.series, self.values) = (across, series, values)
        let all = values.joined().compactMap { $0 }
        let (least, greatest) = (all.min() ?? Ratio(.zero), all.max() ?? Ratio(.zero))
        let low =
            least < Ratio(.zero)
            ? -Self.step(atLeast: Ratio(least.numerator.magnitude, least.denominator)) : Ratio(.zero)
        let high = greatest > Ratio(.zero) ? Self.step(atLeast: greatest) : Ratio(.zero)
        bounds = (low, low == high ? Ratio(.one) : high)
    }

    private static func distinct(_ labels: [String]) -> [String] {
        var seen: Set<String> = []
        return labels.filter { seen.insert($0).inserted }
    }

    // The least of 1, 2 and 5 times a power of ten that is not below a positive number.
    private static func step(atLeast value: Ratio) -> Ratio {
        var power = Ratio(.one)
        let (ten, tenth) = (Ratio(BigInteger(10)), Ratio(.one, BigInteger(10)))
        while power < value { power = power * ten }
        while value < power * tenth || value == power * tenth { power = power * tenth }
        let half = [Ratio(.one, BigInteger(5)), Ratio(.one, BigInteger(2))].map { $0 * power }
        return half.first { value < $0 || value == $0 } ?? power
    }

    /// The chart.
    package var figure: CheckedFigure {
        var canvas = ChartCanvas(width: 800, height: 600)
        axes(&canvas)
        let slot = (Self.right - Self.left) / across.count
        let floor = y(bounds.low < Ratio(.zero) ? Ratio(.zero) : bounds.low)
        for (index, line) in values.enumerated() {
            let colour = Self.firstColour + UInt8(index)
            var last: (x: Int, y: Int)?
            for (place, value) in line.enumerated() {
                guard let value else {
                    last = nil
                    continue
                }
                let start = Self.left + place * slot
                let point = (x: start + slot / 2, y: y(value))
                switch spec.mark {
                case .bar:
                    let width = max(1, slot * 8 / 10 / series.count)
                    let x = start + slot / 10 + index * width
                    let ends = [point.y, floor].sorted()
                    canvas.fill(x...(x + width - 1), ends[0]...ends[1], colour)
                case .line:
                    canvas.line(from: last ?? point, to: point, colour)
                    last = point
                case .point: canvas.fill((point.x - 2)...(point.x + 2), (point.y - 2)...(point.y + 2), colour)
                }
            }
        }
        return canvas.figure
    }

    private func axes(_ canvas: inout ChartCanvas) {
        let slot = (Self.right - Self.left) / across.count
        for tick in 0...4 {
            let part = (bounds.high + -bounds.low) * Ratio(BigInteger(tick), BigInteger(4))
            let value = bounds.low + part
            let height = y(value)
            canvas.line(from: (Self.left, height), to: (Self.right, height), tick == 0 ? Self.black : Self.grey)
            let text = value.rounded(significantDigits: 3).text
            canvas.write(text, Self.left - 8 - ChartFont.size * text.utf8.count, height - 4, Self.black)
        }
        canvas.line(from: (Self.left, Self.top), to: (Self.left, Self.bottom), Self.black)
        canvas.write("\(spec.y) by \(spec.x)", Self.left, 16, Self.black, atMost: 80)
        for (place, label) in across.enumerated() {
            canvas.write(label, Self.left + place * slot, 530, Self.black, atMost: slot / ChartFont.size - 1)
        }
        canvas.write(spec.x, Self.left, 548, Self.black, atMost: 80)
        guard spec.series != nil else { return }
        let room = (Self.right - Self.left) / series.count
        for (index, name) in series.enumerated() {
            let x = Self.left + index * room
            canvas.fill(x...(x + 7), 572...579, Self.firstColour + UInt8(index))
            canvas.write(name, x + 12, 572, Self.black, atMost: room / ChartFont.size - 3)
        }
    }

    // pixel = floor((v·height·2 + range) / (2·range)) above the lower end.
    private func y(_ value: Ratio) -> Int {
        let range = bounds.high + -bounds.low
        let height = Ratio(BigInteger(Self.bottom - Self.top))
        let above = (value + -bounds.low) * height
        let share = Ratio(above.numerator * range.denominator, above.denominator * range.numerator)
        let pixel = (share + Ratio(.one, BigInteger(2))).floor.int128 ?? 0
        return Self.bottom - Int(clamping: pixel)
    }
}

extension Ratio {
    fileprivate static prefix func - (value: Ratio) -> Ratio { Ratio(-value.numerator, value.denominator) }
}
