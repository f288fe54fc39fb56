namespace OpsRunbook.Fixtures;

/// <summary>An authority of <c>openssl ca</c>, which remembers what it has issued and revoked.</summary>
internal static class OpenSslAuthority
{
    // Its name is another one each time: what answers about it may be kept for longer than it lives.
    private const string Begin = """
        set -eu
        cd "$1"
        exec 2>make.log
        : >index; echo 01 >serial; echo 01 >number
        printf '[ca]\ndefault_ca=here\n[here]\ndatabase=index\nnew_certs_dir=.\nserial=serial\ncrlnumber=number\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=optional\n' >ca.cnf
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
        openssl req -x509 -key key.pem -subj "/CN=Authority $(date +%s%N)" -days 100 -out ca.pem
        ca() { openssl ca -config ca.cnf -cert ca.pem -keyfile key.pem "$@"; }
        issue() {
          printf 'basicConstraints=CA:false\nsubjectAltName=DNS:www.example.test\n%s\n' "$2" >ext
          openssl req -new -key key.pem -subj "/CN=$1" -out "$1.csr"
          ca -batch -in "$1.csr" -extfile ext -days 90 -notext -out "$1.pem"
        }

        """;

    /// <summary>Makes one: <c>ca.pem</c> with <c>key.pem</c>, which is the key of what it issues too.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="script">What it does: shell, with <c>issue NAME EXTENSION</c> and <c>ca OPTION…</c>.</param>
    /// <param name="arguments">From <c>$2</c> on.</param>
    /// <returns>A task.</returns>
    public static Task MakeAsync(string folder, string script, params string[] arguments) => Tool.RunAsync("sh", ["-c", Begin + script, "sh", folder, .. arguments]);
}
