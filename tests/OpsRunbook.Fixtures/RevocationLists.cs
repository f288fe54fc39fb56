namespace OpsRunbook.Fixtures;

/// <summary>
/// An authority whose revocation lists (<c>openssl ca -gencrl</c>) an nginx serves: <c>good.pem</c>, <c>revoked.pem</c>, <c>stale.pem</c>, whose list has expired,
/// and <c>away.pem</c>, whose list is nowhere.
/// </summary>
public sealed class RevocationLists : IAsyncDisposable
{
    private const string Script = """
        at() { echo "crlDistributionPoints=URI:$1"; }
        issue good "$(at "$2/current.crl")"; issue revoked "$(at "$2/current.crl")"; issue stale "$(at "$2/stale.crl")"; issue away "$(at "http://127.0.0.1:$3/away.crl")"
        ca -revoke revoked.pem
        list() { name=$1; shift; ca -gencrl "$@" -out "$name.list"; openssl crl -in "$name.list" -outform DER -out "$served/$name.crl"; }
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
        await OpenSslAuthority.MakeAsync(lists.Folder, Script, lists._server.Url.TrimEnd('/'), $"{TestRun.FreePort()}", lists._server.HtmlFolder);
        return lists;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
