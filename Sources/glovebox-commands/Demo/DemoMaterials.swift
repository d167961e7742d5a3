import Glibc
import GloveboxCore
import GloveboxLinux

/// The demo's code trees and documents: the files of `Tests/EndToEnd/Fixtures` and `Deploy/demo`, built in.
struct DemoMaterials {
    /// A program whose table may be released.
    let honest: String
    /// The same program with another comment, for a plan of its own.
    let second: String
    /// A program that prints and writes raw rows.
    let leak: String
    /// A program that tries the network and a fork bomb.
    let breakOut: String
    /// The dataset's schema.
    let schema: String
    /// The dataset's input policy.
    let inputPolicy: String

    /// Writes everything below a directory.
    init(directory: String) throws(GloveboxError) {
        func tree(_ name: String, _ program: [UInt8], _ spec: [UInt8]) throws(GloveboxError) -> String {
            let path = directory + "/" + name
            try OutputFile.makeDirectory(path)
            try OutputFile.write(program, to: path + "/main.py")
            try OutputFile.write(spec, to: path + "/table.spec.json")
            return path
        }
        let program = PackageResources.fair_affairs_main_py
        let spec = PackageResources.fair_affairs_table_spec_json
        honest = try tree("fair-affairs", program, spec)
        second = try tree("second", program + Array("# for another report\n".utf8), spec)
        leak = try tree("leak-rows", PackageResources.leak_rows_main_py, PackageResources.leak_rows_table_spec_json)
        breakOut = try tree("break-out", PackageResources.break_out_main_py, PackageResources.break_out_table_spec_json)
        schema = directory + "/fair.dataset.yaml"
        inputPolicy = directory + "/fair.input.yaml"
        try OutputFile.write(PackageResources.fair_dataset_yaml, to: schema)
        try OutputFile.write(PackageResources.fair_input_yaml, to: inputPolicy)
    }

    /// What an insider with access to the disk does: one letter of a comment changes.
    static func changeOneByte(of path: String) throws(GloveboxError) {
        var bytes = try InputFile.bytes(path)
        let before = Array("# for another report".utf8)
        guard let place = bytes.firstRange(of: before) else {
            throw GloveboxError("demo.failed", "the stored code is not where it should be")
        }
        bytes[place.lowerBound + 2] = UInt8(ascii: "F")
        try OutputFile.write(bytes, to: path)
    }
}
