package import GloveboxCore
package import GloveboxPolicy

/// The mock twin of a dataset: same columns, made from the description alone, so it holds no bit of any row.
///
/// Every value is drawn by itself and uniformly from the codes or the numbers between the bounds; the generator is seeded
/// by SHA-256 of the description's digest. Source: release policy section 15.
package enum MockData {
    /// Writes the mock file with the columns a job may see.
    ///
    /// - Throws: `input-policy.dataset`, `input-policy.column` or `spec.predicate`.
    package static func csv(
        _ description: DatasetDescription,
        inputPolicy: InputPolicy
    ) throws(GloveboxError) -> [UInt8] {
        try inputPolicy.check(against: description)
        let columns = description.columns.filter { inputPolicy.allows(column: $0.name) }
        var stream = SeededStream(seed: Digest(sha256: description.document.digest.bytes))
        var out: [UInt8] = []
        CSVText.append(columns.map(\.name), to: &out)
        for row in 1...inputPolicy.mockRows {
            CSVText.append(columns.map { value(of: $0, row: row, &stream) }, to: &out)
        }
        return out
    }

    /// The mock file as a dataset, with the columns that no job sees too, so that a job can be recomputed on it.
    ///
    /// What a job sees has the values of ``csv(_:inputPolicy:)``. Rows that the description declares impossible are left
    /// out.
    ///
    /// - Throws: as ``csv(_:inputPolicy:)``, and `dataset.csv` when no row is possible.
    package static func table(
        _ description: DatasetDescription,
        inputPolicy: InputPolicy
    ) throws(GloveboxError) -> DatasetTable {
        try inputPolicy.check(against: description)
        let digest = description.document.digest
        var visible = SeededStream(seed: Digest(sha256: digest.bytes))
        var hidden = SeededStream(seed: Digest(sha256: digest.bytes + Array("hidden".utf8)))
        var canonical = description.document.canonical.object ?? JSONObject()
        canonical["file"] = nil
        var importer = DatasetImporter(try DatasetDescription(.object(canonical)))
        var out: [UInt8] = []
        CSVText.append(description.columns.map(\.name), to: &out)
        for row in 1...inputPolicy.mockRows {
            let values = description.columns.map { column in
                inputPolicy.allows(column: column.name)
                    ? value(of: column, row: row, &visible) : value(of: column, row: row, &hidden)
            }
            let isImpossible = description.structuralZeros.contains { zero in
                zero.codes.allSatisfy { pair in
                    zip(description.columns, values).contains { $0.name == pair.column && $1 == pair.code }
                }
            }
            if !isImpossible { CSVText.append(values, to: &out) }
        }
        try importer.feed(out)
        return try importer.finish()
    }

    private static func value(of column: DatasetColumn, row: Int, _ stream: inout SeededStream) -> String {
        switch column.type {
        case .identifier:
            let digits = String(row)
            return "mock-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
        case .category(let codes), .boolean(let codes, _): return codes[Int(stream.below(UInt64(codes.count)))]
        case .number(let number):
            let (low, high) = (number.bounds.lowerBound, number.bounds.upperBound)
            return number.text(low + Int64(stream.below(UInt64(high - low) + 1)))
        }
    }
}
