import Glibc
import GloveboxCore
import GloveboxLinux

/// Code, policies and private files of the demo's further stories.
struct DemoFiles {
    /// A query for a mean; one for a histogram.
    let mean: String
    let histogram: String
    /// A program that trains a model; the same with a patient's row for its weights.
    let model: String
    let memory: String
    /// The shipped policies for queries and models, at ticks of a second and with room for one query.
    let queryPolicy: String
    let modelPolicy: String
    private let directory: String

    private static let names = ["randhie": "randhie.csv", "breast": "breast_cancer.csv", "actg175": "ACTG175.csv"]

    /// Writes code and documents below a directory; the private files are `beside` the demo's own.
    init(directory: String, beside data: String) throws(GloveboxError) {
        let end = data.utf8.lastIndex(of: UInt8(ascii: "/")) ?? data.startIndex
        self.directory = String(data[..<end])
        func write(_ name: String, _ bytes: [UInt8]) throws(GloveboxError) -> String {
            let path = directory + "/" + name
            try OutputFile.write(bytes, to: path)
            return path
        }
        func tree(
            _ name: String,
            _ program: [UInt8],
            _ spec: (name: String, bytes: [UInt8])
        ) throws(GloveboxError) -> String {
            try OutputFile.makeDirectory(directory + "/" + name)
            _ = try write(name + "/main.py", program)
            _ = try write(name + "/" + spec.name, spec.bytes)
            return directory + "/" + name
        }
        func query(_ question: String) -> (name: String, bytes: [UInt8]) {
            let text =
                #"{"apiVersion":"glovebox/v1","kind":"DPQuery","dataset":"randhie","query":\#(question),"rho":"0.005"}"#
            return ("query.spec.json", Array(text.utf8))
        }
        // What the job does plays no part: the site answers.
        let idle = Array("pass\n".utf8)
        mean = try tree("mean", idle, query(#"{"kind":"mean","column":"mdvis"}"#))
        histogram = try tree("histogram", idle, query(#"{"kind":"histogram","group_by":["hlthp"]}"#))
        let spec = (name: "model.spec.json", bytes: PackageResources.breast_model_model_spec_json)
        let program = String(decoding: PackageResources.breast_model_main_py, as: UTF8.self)
        model = try tree("model", Array(program.utf8), spec)
        let place = "write(\"/out/model.safetensors\""
        let kept = "weight = (x[7] - x[7].mean()) / x[7].std()\n" + place
        memory = try tree("memory", Array(program.replacing(place, with: kept).utf8), spec)
        func policy(
            _ bytes: [UInt8],
            _ name: String,
            _ changes: [(from: String, to: String)]
        ) throws(GloveboxError) -> String {
            var text = String(decoding: bytes, as: UTF8.self).replacing("release_tick: 15m", with: "release_tick: 1s")
            for change in changes {
                guard text.contains(change.from) else {
                    throw GloveboxError("demo.failed", "the shipped policy does not say \(change.from)")
                }
                text = text.replacing(change.from, with: change.to)
            }
            return try write(name + ".yaml", Array(text.utf8))
        }
        queryPolicy = try policy(
            PackageResources.dp_query_yaml,
            "demo-query",
            [("name: dp-query", "name: demo-query"), (#"dataset_rho: "0.5""#, #"dataset_rho: "0.007""#)]
        )
        // Members of so small a file stand out by chance now and then, which must not decide a demo.
        modelPolicy = try policy(
            PackageResources.ml_model_yaml,
            "demo-model",
            [
                ("name: ml-model", "name: demo-model"), (#"max_auc_ucl99: "0.60""#, #"max_auc_ucl99: "0.75""#),
                (#"max_tpr_ucl99: "0.05""#, #"max_tpr_ucl99: "0.15""#),
            ]
        )
        _ = try write("randhie.dataset.yaml", PackageResources.randhie_dataset_yaml)
        _ = try write("randhie.input.yaml", PackageResources.randhie_input_yaml)
        _ = try write("breast.dataset.yaml", PackageResources.breast_dataset_yaml)
        _ = try write("breast.input.yaml", PackageResources.breast_input_yaml)
        _ = try write("actg175.dataset.yaml", PackageResources.actg175_dataset_yaml)
    }

    /// The private file of a dataset.
    ///
    /// - Throws: `demo.input` when it is not there.
    func data(_ name: String) throws(GloveboxError) -> String {
        let path = directory + "/" + (Self.names[name] ?? name)
        guard unsafe access(path, R_OK) == 0 else {
            throw GloveboxError(
                "demo.input",
                "\(Display.escape(path)) is not there",
                hint: "Run Deploy/demo-data first."
            )
        }
        return path
    }
}
