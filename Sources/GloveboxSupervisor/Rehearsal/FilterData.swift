package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// The data of a rehearsal: a dataset, or two joined on the unit, from private files or as mock twins.
package struct FilterData: Sendable {
    /// A dataset's documents, and where its rows are; without a file its mock twin stands for them.
    package struct Side: Sendable {
        let schema: JSONValue
        let inputPolicy: JSONValue
        let file: String?

        /// Gathers them.
        package init(schema: JSONValue, inputPolicy: JSONValue, file: String?) {
            (self.schema, self.inputPolicy, self.file) = (schema, inputPolicy, file)
        }
    }

    private struct Dataset: Sendable {
        let description: DatasetDescription
        let inputPolicy: InputPolicy
        let file: String?

        init(_ side: Side) throws(GloveboxError) {
            description = try DatasetDescription(side.schema)
            inputPolicy = try InputPolicy(side.inputPolicy)
            try inputPolicy.check(against: description)
            file = side.file
        }
    }

    private let datasets: [Dataset]
    /// What specs are checked against.
    let description: DatasetDescription
    /// What of it a job sees.
    let inputPolicy: InputPolicy

    /// Reads the documents; no row is read yet.
    ///
    /// - Throws: `document.*`, `input-policy.*`, `join.*`; `dataset.file` when only one of two has a file.
    package init(_ first: Side, joining second: Side? = nil) throws(GloveboxError) {
        let one = try Dataset(first)
        guard let second else {
            (datasets, description, inputPolicy) = ([one], one.description, one.inputPolicy)
            return
        }
        let two = try Dataset(second)
        guard (one.file == nil) == (two.file == nil) else {
            throw GloveboxError(
                "dataset.file",
                "only one of the two datasets has a file",
                hint: "Give the files of both, or of none to use the mock twins."
            )
        }
        let join = try DatasetJoin((one.description, one.inputPolicy), (two.description, two.inputPolicy))
        (datasets, description, inputPolicy) = ([one, two], join.description, join.inputPolicy)
    }

    /// Whether there is nothing private in it.
    var isMock: Bool { datasets[0].file == nil }
    /// The datasets' names, the one that specs name first.
    var names: [String] { datasets.map(\.description.name) }

    /// The rows of each dataset.
    ///
    /// - Throws: `dataset.*`.
    func tables() throws(GloveboxError) -> [DatasetTable] {
        var tables: [DatasetTable] = []
        for dataset in datasets {
            guard let file = dataset.file else {
                tables.append(try MockData.table(dataset.description, inputPolicy: dataset.inputPolicy))
                continue
            }
            tables.append(try DatasetFileRows(path: file, description: dataset.description).table())
        }
        return tables
    }

    /// The rows that specs are about.
    ///
    /// - Throws: `join.*`.
    func table(of tables: [DatasetTable]) throws(GloveboxError) -> DatasetTable {
        tables.count == 1 ? tables[0] : try tables[0].joined(with: tables[1], as: description)
    }

    /// The same rows, of a single file read piece by piece as they are counted.
    ///
    /// - Throws: `dataset.*`, `join.*`.
    func rows() throws(GloveboxError) -> any RowSource {
        if datasets.count == 1, let file = datasets[0].file {
            return DatasetFileRows(path: file, description: description)
        }
        return try table(of: tables())
    }

    /// The file that a jail is shown of one dataset.
    ///
    /// - Throws: `input-policy.*`, `spec.predicate`.
    func shown(
        _ place: Int,
        _ table: DatasetTable,
        seed: Digest,
        showsRows: Bool = true,
        only rows: [Int]? = nil
    ) throws(GloveboxError) -> Projection {
        try Projection(
            table,
            inputPolicy: datasets[place].inputPolicy,
            permutationSeed: seed,
            showsRows: showsRows,
            only: rows
        )
    }
}
