import ArgumentParser
import GloveboxCore
import GloveboxSupervisor

/// The documents of a job: policy, and for each dataset schema and input policy.
struct FilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Output policy: a file, or the name of a shipped one.", valueName: "NAME|FILE"))
    var policy: String

    @Option(help: ArgumentHelp("Columns, bounds, codes, privacy unit; none for plans without data.", valueName: "FILE"))
    var schema: String?

    @Option(help: ArgumentHelp("What a job may see of the dataset.", valueName: "FILE"))
    var inputPolicy: String?

    @Option(
        help: ArgumentHelp(
            "A dataset joined to it: PATH.dataset.yaml and PATH.input.yaml are its documents.",
            valueName: "PATH"
        )
    )
    var join: String?

    @Option(
        help: ArgumentHelp("The code of the project's purpose, where the data is for some purposes.", valueName: "CODE")
    )
    var purposeCode: String?

    func validate() throws {
        guard (schema == nil) == (inputPolicy == nil) else {
            throw ValidationError("Give --schema and --input-policy together.")
        }
        guard join == nil || schema != nil else { throw ValidationError("--join goes with --schema.") }
    }

    /// The filter for code in a directory; without files the datasets' mock twins take their place.
    func filter(
        code: String?,
        dataset: String? = nil,
        joinDataset: String? = nil
    ) throws(GloveboxError) -> ReleaseFilter {
        let document: JSONValue
        if let shipped = try ShippedPolicies.named(policy) {
            document = shipped
        } else {
            document = try DocumentFile(policy).value
        }
        guard let schema, let inputPolicy else { return try ReleaseFilter(policy: document, data: nil, code: code) }
        let first = try side(schema, inputPolicy, dataset)
        let second = try join.map { (path) throws(GloveboxError) in
            try side(path + ".dataset.yaml", path + ".input.yaml", joinDataset)
        }
        let data = try FilterData(first, joining: second)
        return try ReleaseFilter(policy: document, data: data, code: code, purpose: purposeCode)
    }

    private func side(_ schema: String, _ inputPolicy: String, _ file: String?) throws(GloveboxError) -> FilterData.Side
    {
        try FilterData.Side(
            schema: DocumentFile(schema).value,
            inputPolicy: DocumentFile(inputPolicy).value,
            file: file
        )
    }
}

/// A job that is judged without a site: its documents, its code, and private files in the place of mock twins.
struct FilteredJob: ParsableArguments {
    @OptionGroup var documents: FilterOptions

    @Option(help: ArgumentHelp("The private file; the mock twin without it.", valueName: "FILE"))
    var dataset: String?

    @Option(help: ArgumentHelp("The private file of the dataset that is joined.", valueName: "FILE"))
    var joinDataset: String?

    @Option(help: ArgumentHelp("Directory of the code, the specs in it.", valueName: "DIR"))
    var code: String?

    func validate() throws {
        guard dataset == nil || documents.schema != nil, joinDataset == nil || documents.join != nil else {
            throw ValidationError("--dataset goes with --schema, --join-dataset with --join.")
        }
    }

    /// The filter for it.
    func filter() throws(GloveboxError) -> ReleaseFilter {
        try documents.filter(code: code, dataset: dataset, joinDataset: joinDataset)
    }
}
