package import GloveboxCore

/// A bucket of an S3 service, as the operator names it.
package struct BucketSettings: Sendable, Hashable {
    /// The bucket's name.
    package let bucket: String
    /// Scheme, host and perhaps port of the service; the bucket follows in the path.
    package let endpoint: String
    /// The region that requests are signed for.
    package let region: String
    /// Path of the file with the keys; see ``Credentials``.
    package let credentials: String
    /// Path of a PEM file of those whose certificates are believed; nil for those of the system.
    package let authorities: String?

    /// Names a bucket.
    ///
    /// - Throws: `config.invalid` for a name that is none, and for an endpoint in the clear beyond this host.
    package init(
        bucket: String,
        endpoint: String,
        region: String = "us-east-1",
        credentials: String,
        authorities: String? = nil
    ) throws(GloveboxError) {
        guard ObjectAddress.isBucket(bucket) else {
            throw GloveboxError("config.invalid", "\(Display.escape(bucket)) is no name of a bucket")
        }
        let host = ["https://", "http://127.0.0.1", "http://localhost", "http://[::1]"].first(where: endpoint.hasPrefix)
        let rest = endpoint.drop { $0 != "/" }.dropFirst(2)
        let isPlain = rest.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
                || "-.:[]".utf8.contains(byte)
        }
        let isBeyond =
            host?.hasPrefix("http://") == true && !["", ":"].contains(endpoint.dropFirst(host?.count ?? 0).prefix(1))
        guard host != nil, !rest.isEmpty, isPlain, !isBeyond else {
            throw GloveboxError(
                "config.invalid",
                "\(Display.escape(endpoint)) is no endpoint of an S3 service",
                hint: "Write https:// and a host, perhaps with a port; http:// is for this host alone."
            )
        }
        guard !region.isEmpty,
            region.utf8.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d })
        else { throw GloveboxError("config.invalid", "\(Display.escape(region)) is no region") }
        (self.bucket, self.endpoint, self.region) = (bucket, endpoint, region)
        (self.credentials, self.authorities) = (credentials, authorities)
    }
}
