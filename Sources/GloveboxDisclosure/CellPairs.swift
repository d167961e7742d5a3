/// The different pairs of cell lists that units have in two releases, numbered in the order they come.
///
/// Most units have one cell in each, so that a pair is known by two numbers and no list is hashed.
struct CellPairs {
    // Lists of cells as numbers: a list of one cell has the cell's own, others come after the last place.
    private struct Lists {
        private let places: Int
        private var others: [[Int]: Int] = [:]

        init(places: Int) { self.places = places }

        mutating func number(of cells: [Int]) -> Int {
            if cells.count == 1 { return cells[0] }
            if let known = others[cells] { return known }
            let number = places + others.count
            others[cells] = number
            return number
        }
    }

    private var news: Lists
    private var olds: Lists
    private var numbers: [UInt64: Int] = [:]
    /// The pairs by number.
    private(set) var all: [(new: [Int], old: [Int])] = []

    /// No pair; cells are below these numbers of places.
    init(places: (new: Int, old: Int)) { (news, olds) = (Lists(places: places.new), Lists(places: places.old)) }

    /// The number of a pair, which is added when it is not there.
    mutating func number(new: [Int], old: [Int]) -> Int {
        let key = UInt64(news.number(of: new)) << 32 | UInt64(olds.number(of: old))
        if let known = numbers[key] { return known }
        numbers[key] = all.count
        all.append((new, old))
        return all.count - 1
    }
}
