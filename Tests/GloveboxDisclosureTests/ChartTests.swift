import GloveboxCore
import GloveboxDisclosure
import GloveboxPolicy
import GloveboxTables
import Testing

/// Charts that the supervisor draws.
@Suite struct ChartTests {
    private static func spec(_ mark: String = "bar", x: String = "a", y: String = "n", more: String = "") throws
        -> ChartSpec
    {
        let text =
            #"{"apiVersion":"glovebox/v1","kind":"ChartSpec","data":"table.csv","mark":"\#(mark)","x":"\#(x)","y":"\#(y)"\#(more)}"#
        return try ChartSpec(bytes: Array(text.utf8))
    }

    private static func table(_ counts: [Int], b: Bool = false, suppressed: Set<Int> = []) throws -> ReleasedTable {
        let table = try Bench.table(counts: b ? counts.map { [$0, $0 * 2] } : counts.map { [$0] })
        let group = b ? #"["a","b"]"# : #"["a"]"#
        let spec = try TableSpec(
            bytes: Array(
                #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"test","output":"table.csv","group_by":\#(group)}"#
                    .utf8
            )
        )
        let frame = try TableFrame(spec, description: table.description)
        let counted = try CellCounts(table, frame: frame, conditions: [], variable: nil, inputPolicy: Bench.input())
        let policy = try OutputPolicy(Bench.shipped("Policies/figure.yaml"))
        let rounding = try #require(policy.rounding?.counts)
        return ReleasedTable(counted, rounding: rounding, suppressed: suppressed, withTotals: false)
    }

    private func column(_ figure: CheckedFigure, _ colour: UInt8) -> [Int] {
        (0..<figure.height).map { y in (0..<figure.width).count { figure.pixels[y * figure.width + $0] == colour } }
    }

    @Test func `equal rounded tables are the same picture, whatever was exact`() throws {
        let (one, other) = (try Self.table([20, 41]), try Self.table([21, 39]))
        let pictures = try [one, other].map { PNGWriter.write(try ChartRenderer(Self.spec(), $0).figure) }
        #expect(one.csv == other.csv && pictures[0] == pictures[1])
        #expect(try PNGWriter.write(ChartRenderer(Self.spec(), Self.table([20, 45])).figure) != pictures[0])
    }

    @Test func `bars are as high as the rounded counts on an axis of 1, 2 or 5`() throws {
        // 20 and 40 of 50, on 480 pixels: 192 and 384 rows, each from the axis at 520 upwards.
        let figure = try ChartRenderer(Self.spec(), Self.table([21, 39])).figure
        let colour = column(figure, 4)
        #expect(figure.width == 800 && figure.height == 600)
        #expect(colour[520 - 384] > 0 && colour[520 - 385] == 0)
        let width = colour[520 - 384]
        #expect(colour[520 - 192] == 2 * width && colour[520 - 193] == width)
    }

    @Test func `lines and points are drawn, series have colours, and a suppressed cell is a gap`() throws {
        let table = try Self.table([20, 40, 30], b: true)
        let figure = try ChartRenderer(Self.spec("point", more: #","series":"b""#), table).figure
        let places = figure.pixels.count { $0 == 4 }
        #expect(places >= 3 * 25 && figure.pixels.contains(5) && !figure.pixels.contains(6))
        let whole = try ChartRenderer(Self.spec("line"), Self.table([20, 40, 30])).figure
        let gap = try ChartRenderer(Self.spec("line"), Self.table([20, 40, 30], suppressed: [1])).figure
        #expect(whole.pixels.count { $0 == 4 } > 10 * gap.pixels.count { $0 == 4 })
    }

    @Test(arguments: [
        ("area", "a", "n", ""), ("bar", "a", "n", #","title":"row 17""#), ("bar", "a", "n", #","series":7"#),
    ])
    func `a chart has no free text and no other mark`(mark: String, x: String, y: String, more: String) {
        #expect(throws: GloveboxError.self) { try Self.spec(mark, x: x, y: y, more: more) }
    }

    @Test(arguments: [
        ("bar", "b", "n", ""), ("bar", "a", "mean_c", ""), ("bar", "a", "n", #","series":"b""#),
        ("bar", "a", "n", #","series":"a""#),
    ])
    func `a chart draws exactly its table`(mark: String, x: String, y: String, more: String) throws {
        let policy = try OutputPolicy(Bench.shipped("Policies/figure.yaml"))
        let table = try TableSpec(
            bytes: Array(
                #"{"apiVersion":"glovebox/v1","kind":"TableSpec","dataset":"test","output":"table.csv","group_by":["a"]}"#
                    .utf8
            )
        )
        try Self.spec().check(table, policy: policy)
        #expect(throws: GloveboxError("spec.chart", "")) {
            try Self.spec(mark, x: x, y: y, more: more).check(table, policy: policy)
        }
    }
}
