using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>A TLS connection after its handshake.</summary>
/// <param name="Stream">The encrypted stream; disposing it closes the connection.</param>
/// <param name="Handshake">How long the handshake took.</param>
/// <param name="Chain">Certificates the server presented, its own first.</param>
/// <param name="Problem">Why the certificate would not be accepted; null when it is fine.</param>
internal sealed record TlsSession(SslStream Stream, TimeSpan Handshake, IReadOnlyList<X509Certificate2> Chain, OpsException? Problem)
    : IAsyncDisposable
{
    /// <summary>Shakes hands over a connection. The connection is closed when that fails.</summary>
    /// <param name="connection">The plain connection.</param>
    /// <param name="target">What it is connected to, for messages.</param>
    /// <param name="options">Name, trust.</param>
    /// <param name="cancellationToken">Ends the handshake.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException"><c>Endpoint.TlsFailed</c>, <c>Endpoint.TlsNameMismatch</c>, <c>Endpoint.TlsUntrusted</c>, <c>Endpoint.TlsSelfSigned</c>, <c>Endpoint.TlsExpired</c>, <c>Endpoint.TlsNotYetValid</c>, <c>Endpoint.CaFileUnreadable</c>.</exception>
    public static async Task<TlsSession> OpenAsync(Stream connection, string target, TlsOptions options, CancellationToken cancellationToken)
    {
        var verdict = new TlsVerdict(target, options);
        var tls = new SslStream(connection, leaveInnerStreamOpen: false);
        try
        {
            var start = Stopwatch.GetTimestamp();
            var settings = new SslClientAuthenticationOptions();
            verdict.Apply(settings);
            await tls.AuthenticateAsClientAsync(settings, cancellationToken);
            return new TlsSession(tls, Stopwatch.GetElapsedTime(start), verdict.Presented, verdict.Problem);
        }
        catch (Exception error)
        {
            await tls.DisposeAsync();
            if (error is OperationCanceledException or OpsException)
            {
                throw;
            }

            if (verdict.Problem is not null)
            {
                throw verdict.Problem;
            }

            if (error is AuthenticationException or IOException or ObjectDisposedException)
            {
                throw Failed(target, error);
            }

            throw;
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private static OpsException Failed(string target, Exception error)
    {
        var innermost = error.GetBaseException().Message;
        var (cause, next) = innermost switch
        {
            _ when innermost.Contains("frame", StringComparison.OrdinalIgnoreCase) || innermost.Contains("wrong version number", StringComparison.Ordinal) =>
                ("it does not speak TLS", "Check the port: this one may be for plain connections."),
            _ when innermost.Contains("unsupported protocol", StringComparison.Ordinal) || innermost.Contains("protocol version", StringComparison.Ordinal)
                || innermost.Contains("ProtocolVersion", StringComparison.Ordinal) =>
                ("it offers only protocol versions that are no longer accepted", "Enable TLS 1.2 or 1.3 on the server."),
            _ when innermost.Contains("handshake failure", StringComparison.Ordinal) || innermost.Contains("legacy sigalg", StringComparison.Ordinal) =>
                ("it has no protocol version and cipher in common with this machine, and probably offers only old ones", "Enable TLS 1.2 or 1.3 on the server."),
            _ when innermost.Contains("excessive message size", StringComparison.Ordinal) =>
                ("its certificates are larger than clients accept (100 KB together)", "Issue one with fewer names."),
            _ when innermost.Contains("unexpected EOF", StringComparison.OrdinalIgnoreCase) || error is IOException =>
                ($"it closed the connection ({innermost.TrimEnd('.')})", "Check that the port speaks TLS and that the server knows the name."),
            _ => (innermost, "Look closer with: openssl s_client -connect " + target),
        };
        return new OpsException("Endpoint.TlsFailed", OpsErrorKind.Connection, $"The TLS handshake with {target} failed: {cause}.", next, target, error);
    }
}
