namespace OpsRunbook.Fixtures;

/// <summary>
/// An authority whose revocation lists (<c>openssl ca -gencrl</c>) an nginx serves: <c>good.pem</c>, <c>revoked.pem</c>, <c>stale.pem</c>, whose list has expired,
/// and <c>away.pem</c>, whose list is nowhere.
/// </summary>
public sealed class RevocationLists : IAsyncDisposable
{
    private const string Script = """
        set -eu
        cd "$1"
        exec 2>make.log
        : >index; echo 01 >serial; echo 01 >number
        printf '[ca]\ndefault_ca=here\n[here]\ndatabase=index\nnew_certs_dir=.\nserial=serial\ncrlnumber=number\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=optional\n' >ca.cnf
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
        openssl req -x509 -key key.pem -subj "/CN=Lists $(date +%s%N)" -days 100 -out ca.pem -addext keyUsage=critical,keyCertSign,cRLSign
        issue() {
          printf 'basicConstraints=CA:false\nsubjectAltName=DNS:www.example.test\ncrlDistributionPoints=URI:%s\n' "$2" >ext
          openssl req -new -key key.pem -subj "/CN=$1" -out "$1.csr"
          openssl ca -batch -config ca.cnf -cert ca.pem -keyfile key.pem -in "$1.csr" -extfile ext -days 90 -notext -out "$1.pem"
        }
        issue good "$2/current.crl"; issue revoked "$2/current.crl"; issue stale "$2/stale.crl"; issue away "http://127.0.0.1:$3/away.crl"
        openssl ca -config ca.cnf -cert ca.pem -keyfile key.pem -revoke revoked.pem
        list() { name=$1; shift; openssl ca -config ca.cnf -cert ca.pem -keyfile key.pem -gencrl "$@" -out "$name.list"; openssl crl -in "$name.list" -outform DER -out "$served/$name.crl"; }
        served=$4
        list current -crldays 30
        list stale -crl_lastupdate "$(date -u -d '-9 days' +%Y%m%d%H%M%SZ)" -crl_nextupdate "$(date -u -d '-2 days' +%Y%m%d%H%M%SZ)"
        """;

    private readonly NginxServer _server;

    private RevocationLists(NginxServer server) => _server = server;

    /// <summary>Folder of the authority, <c>ca.pem</c>, of the certificates, and of the lists as PEM, <c>current.list</c> and <c>stale.list</c>.</summary>
    public string Folder { get; } = TestRun.NewFolder("crl");

    /// <summary>The server's access log: what was asked for.</summary>
    public string AccessLogFile => _server.AccessLogFile;

    /// <summary>Makes the authority and starts its server.</summary>
    /// <returns>The lists, served.</returns>
    public static async Task<RevocationLists> StartNewAsync()
    {
        var lists = new RevocationLists(await Servers.NewNginxAsync());
        await Tool.RunAsync("sh", ["-c", Script, "sh", lists.Folder, lists._server.Url.TrimEnd('/'), $"{TestRun.FreePort()}", lists._server.HtmlFolder]);
        return lists;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
