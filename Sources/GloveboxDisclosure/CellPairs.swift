internal import GloveboxCore

/// The units of two releases, those together that have the same cells in each.
///
/// What it keeps grows with the different pairs of cell lists. Most units have one cell in each, so that a pair is known by
/// two numbers and no list is hashed.
struct CellPairs {
    /// Units with the same cells; nil for a release whose base population they are not in.
    struct Group {
        let new: [Int]?
        let old: [Int]?
        var units = 0
    }

    /// Most groups of two releases that are compared.
    static let most = 250_000

    // Lists of cells as numbers: a list of one cell has the cell's own, others come after the last place.
    private struct Lists {
        private let places: Int
        private var others: [[Int]: Int] = [:]

        init(places: Int) { self.places = places }

        mutating func number(of cells: [Int]?) -> Int {
            guard let cells else { return places }
            if cells.count == 1 { return cells[0] }
            if let known = others[cells] { return known }
            let number = places + 1 + others.count
            others[cells] = number
            return number
        }
    }

    private var news: Lists
    private var olds: Lists
    private var numbers: [UInt64: Int] = [:]
    /// The groups, in the order in which their first units come.
    private(set) var groups: [Group] = []

    /// Reads the units of both; `see` is told the number of the group of each, and what it has in either release.
    ///
    /// - Throws: `differencing.groups` for more than ``most``, and what reading the records throws.
    init(
        _ new: ReleaseRecord,
        _ old: ReleaseRecord,
        _ see: ((_ group: Int, _ new: UnitEntries.Entry?, _ old: UnitEntries.Entry?, _ units: Int) -> Void)? = nil
    ) throws(GloveboxError) {
        news = Lists(places: Margins(sizes: new.sizes).placeCount)
        olds = Lists(places: Margins(sizes: old.sizes).placeCount)
        var (mine, theirs) = (try new.entries.reader(), try old.entries.reader())
        var (a, b) = (try mine.next(), try theirs.next())
        func add(
            _ new: UnitEntries.Entry?,
            _ old: UnitEntries.Entry?,
            _ units: Int
        ) throws(GloveboxError) {
            guard units > 0 else { return }
            let group = try number(new?.cells, old?.cells)
            groups[group].units += units
            see?(group, new, old, units)
        }
        while a != nil || b != nil {
            if let entry = a, let other = b, entry.tag == other.tag {
                // Of equal rows as many are the same as there are in both.
                let both = min(entry.units, other.units)
                try add(entry, other, both)
                try add(entry, nil, entry.units - both)
                try add(nil, other, other.units - both)
                (a, b) = (try mine.next(), try theirs.next())
            } else if let entry = a, b.map({ entry.tag < $0.tag }) ?? true {
                try add(entry, nil, entry.units)
                a = try mine.next()
            } else if let other = b {
                try add(nil, other, other.units)
                b = try theirs.next()
            }
        }
    }

    private mutating func number(_ new: [Int]?, _ old: [Int]?) throws(GloveboxError) -> Int {
        let key = UInt64(news.number(of: new)) << 32 | UInt64(olds.number(of: old))
        if let known = numbers[key] { return known }
        guard groups.count < Self.most else {
            throw GloveboxError(
                "differencing.groups",
                "the units have more than \(Self.most) different sets of cells in this release and an earlier one, "
                    + "too many to compare",
                hint: "Ask for a table in which a unit has fewer cells."
            )
        }
        numbers[key] = groups.count
        groups.append(Group(new: new, old: old))
        return groups.count - 1
    }
}
