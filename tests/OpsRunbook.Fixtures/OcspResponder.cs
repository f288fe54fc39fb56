namespace OpsRunbook.Fixtures;

/// <summary>An authority with an OCSP responder (<c>openssl ocsp</c>), which has issued <c>good.pem</c> and has revoked <c>revoked.pem</c>.</summary>
public sealed class OcspResponder : ServerProcess
{
    private const string Script = """
        set -eu
        cd "$1"
        exec 2>make.log
        : >index; echo 01 >serial
        printf '[ca]\ndefault_ca=here\n[here]\ndatabase=index\nnew_certs_dir=.\nserial=serial\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=optional\n' >ca.cnf
        printf 'basicConstraints=CA:false\nsubjectAltName=DNS:www.example.test\nauthorityInfoAccess=OCSP;URI:http://127.0.0.1:%s/\n' "$2" >ext
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
        openssl req -x509 -key key.pem -subj /CN=Authority -days 100 -out ca.pem
        for name in good revoked; do
          openssl req -new -key key.pem -subj "/CN=$name" -out "$name.csr"
          openssl ca -batch -config ca.cnf -cert ca.pem -keyfile key.pem -in "$name.csr" -extfile ext -days 90 -notext -out "$name.pem"
        done
        openssl ca -config ca.cnf -cert ca.pem -keyfile key.pem -revoke revoked.pem
        """;

    private readonly string _program;

    private OcspResponder(string program)
        : base("ocsp") => _program = program;

    /// <summary>Makes the authority and starts its responder.</summary>
    /// <returns>The responder, listening.</returns>
    public static async Task<OcspResponder> StartNewAsync()
    {
        var responder = new OcspResponder(Tool.Require("openssl", "OCSP", "openssl"));
        await Tool.RunAsync("sh", ["-c", Script, "sh", responder.Folder, $"{responder.Port}"]);
        await responder.StartAsync();
        return responder;
    }

    private protected override IEnumerable<string> Command() =>
        [_program, "ocsp", "-index", $"{Folder}/index", "-port", $"{Port}", "-CA", $"{Folder}/ca.pem", "-rsigner", $"{Folder}/ca.pem", "-rkey", $"{Folder}/key.pem"];

    // A whole question: the responder serves one client at a time, and one that says nothing holds it up for ever.
    private protected override Task AskAsync() => Tool.RunAsync(
        _program, ["ocsp", "-issuer", $"{Folder}/ca.pem", "-cert", $"{Folder}/good.pem", "-url", $"http://{Host}:{Port}/", "-CAfile", $"{Folder}/ca.pem"]);
}
