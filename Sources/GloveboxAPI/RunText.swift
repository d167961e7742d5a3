package import GloveboxCore

/// `GET /jobs/{id}/text`: what the programs of a run on private data wrote, as the data's owners may read it.
package struct RunText: APIValue {
    /// The end of what one program wrote.
    package struct Program: APIValue {
        /// The last bytes of its stdout.
        package let out: [UInt8]
        /// The last bytes of its stderr.
        package let error: [UInt8]
        /// How many bytes it wrote to stdout in all.
        package let outBytes: UInt64
        /// How many bytes it wrote to stderr in all.
        package let errorBytes: UInt64

        /// Tells what a program wrote.
        package init(out: [UInt8], error: [UInt8], outBytes: UInt64, errorBytes: UInt64) {
            (self.out, self.error, self.outBytes, self.errorBytes) = (out, error, outBytes, errorBytes)
        }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "program")
            out = try fields.base64("stdout")
            error = try fields.base64("stderr")
            outBytes = try fields.decimal("stdout_bytes")
            errorBytes = try fields.decimal("stderr_bytes")
            try fields.finish()
        }

        package var json: JSONValue {
            [
                "stdout": .string(Base64.encode(out)), "stderr": .string(Base64.encode(error)),
                "stdout_bytes": .string(String(outBytes)), "stderr_bytes": .string(String(errorBytes)),
            ]
        }
    }

    /// The job.
    package let job: String
    /// One for a run; of a program over blocks one for each block, in order.
    package let programs: [Program]

    /// Tells what a run wrote.
    package init(job: String, programs: [Program]) { (self.job, self.programs) = (job, programs) }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "text")
        job = try fields.string("job")
        programs = try fields.values("programs")
        try fields.finish()
    }

    package var json: JSONValue { ["job": .string(job), "programs": .array(programs.map(\.json))] }
}
