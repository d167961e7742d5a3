internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// What a job under a policy is shown of some rows, in each of its jails, and what it is judged against.
struct ShownRows {
    /// For each jail the file of each dataset.
    let files: [[Projection]]
    /// Every row that specs are about.
    let table: DatasetTable
    /// Who was kept from the job; nil when it sees all.
    let holdout: Holdout?

    /// Shows rows as a site would; the seed decides their order, who is withheld, and who is in which block.
    ///
    /// - Throws: `dataset.*`, `join.*`, `holdout.too-small`, `spec.predicate`.
    init(_ policy: OutputPolicy, _ data: FilterData, seed: Digest) throws(GloveboxError) {
        let tables = try data.tables()
        let table = try data.table(of: tables)
        func every(_ showsRows: Bool = true, only rows: [Int]? = nil) throws(GloveboxError) -> [Projection] {
            var files: [Projection] = []
            for (place, table) in tables.enumerated() {
                files.append(try data.shown(place, table, seed: seed, showsRows: showsRows, only: rows))
            }
            return files
        }
        self.table = table
        switch Staging.View(policy) {
        case .rows: (files, holdout) = ([try every()], nil)
        case .header: (files, holdout) = ([try every(false)], nil)
        case .withHoldout(let check):
            let holdout = try Holdout(check, of: table, inputPolicy: data.inputPolicy, seed: seed)
            (files, self.holdout) = ([try every(only: holdout.shown)], holdout)
        case .blocks(let count):
            let blocks = try UnitBlocks(of: table, inputPolicy: data.inputPolicy, count: count, seed: seed)
            var files: [[Projection]] = []
            for (number, rows) in blocks.rows.enumerated() {
                files.append([try data.shown(0, table, seed: blocks.orderSeed(of: number), only: rows)])
            }
            (self.files, holdout) = (files, nil)
        }
    }
}
