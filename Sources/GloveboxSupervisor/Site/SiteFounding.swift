internal import GloveboxAttestation
internal import GloveboxBroker
package import GloveboxCore
internal import GloveboxImages
internal import GloveboxJobs
internal import GloveboxLinux
package import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency

/// Founding a site: the one time keys, log and stores are made.
///
/// Opening never makes what should already exist.
package enum SiteFounding {
    /// Makes a site in an empty or missing directory, with the shipped policies and an operator's profile.
    ///
    /// `policies` are documents to publish, processing policy among them. `rootDirectory` has the root that `keys init`
    /// made; without it the root's key stays on the site, which reports say.
    ///
    /// - Throws: `site.exists`, `storage.*`.
    package static func found(
        _ layout: SiteLayout,
        configuration: SiteConfiguration,
        policies: [PolicyChain.Layer],
        rootDirectory: String? = nil
    ) throws(GloveboxError) {
        guard !StateFile.exists(layout.configuration) else {
            throw GloveboxError(
                "site.exists",
                "there is a site in \(Display.escape(layout.root)) already",
                hint: "Choose another --state directory."
            )
        }
        for directory in [
            layout.root, layout.datasets, layout.images, layout.sealed, layout.history, layout.incoming,
            layout.operatorProfile, layout.broker,
        ] { try StateFile.makeDirectory(directory) }
        let root = try rootDirectory.map { path throws(GloveboxError) in try OfflineRoot.open(path) }
        try SiteKeyring.make(layout, configuration, root: root)
        let keys = try SiteKeyring(layout)
        try KeyBroker.create(
            layout.broker,
            root: PEM.encode(keys.rootCertificate, label: "CERTIFICATE"),
            log: keys.log.key.vkey
        )
        var record = keys.record
        try record.note(broker: KeyBroker(layout.broker).kekID(), from: configuration.founded)
        try record.write(layout)
        try CompanionUser.broker.own(layout.broker)
        try SiteLog.create(layout, configuration, keys, HostFacts.read())
        // Last, so that a half-made site is not mistaken for one.
        try StateFile.write(configuration.bytes, to: layout.configuration)
        let site = try Site(opening: layout)
        for document in policies { try site.publish(policy: document) }
        let account = try site.createAccount(name: "operator", roles: [.operator, .owner], by: nil)
        try StateFile.write(Array(account.token.utf8), to: layout.operatorProfile + "/token")
        try StateFile.write(Array("unix://\(layout.socket)\n".utf8), to: layout.operatorProfile + "/url")
        try site.writeTrustFiles(root: root)
    }
}
