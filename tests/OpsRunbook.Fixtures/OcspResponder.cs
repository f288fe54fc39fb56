namespace OpsRunbook.Fixtures;

/// <summary>An authority with an OCSP responder (<c>openssl ocsp</c>), which has issued <c>good.pem</c> and has revoked <c>revoked.pem</c>.</summary>
public sealed class OcspResponder : ServerProcess
{
    private const string Script = """
        for name in good revoked; do issue "$name" "authorityInfoAccess=OCSP;URI:http://127.0.0.1:$2/"; done
        ca -revoke revoked.pem
        """;

    private readonly string _program;

    private OcspResponder(string program)
        : base("ocsp") => _program = program;

    /// <summary>Makes the authority and starts its responder.</summary>
    /// <returns>The responder, listening.</returns>
    public static async Task<OcspResponder> StartNewAsync()
    {
        var responder = new OcspResponder(Tool.Require("openssl", "OCSP", "openssl"));
        await OpenSslAuthority.MakeAsync(responder.Folder, Script, $"{responder.Port}");
        await responder.StartAsync();
        return responder;
    }

    private protected override IEnumerable<string> Command() =>
        [_program, "ocsp", "-index", $"{Folder}/index", "-port", $"{Port}", "-CA", $"{Folder}/ca.pem", "-rsigner", $"{Folder}/ca.pem", "-rkey", $"{Folder}/key.pem"];

    // A whole question: the responder serves one client at a time, and one that says nothing holds it up for ever.
    private protected override Task AskAsync() => Tool.RunAsync(
        _program, ["ocsp", "-issuer", $"{Folder}/ca.pem", "-cert", $"{Folder}/good.pem", "-url", $"http://{Host}:{Port}/", "-CAfile", $"{Folder}/ca.pem"]);
}
