using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Fixtures;

/// <summary>A server within the test process that speaks a protocol on a free port of the loopback.</summary>
#pragma warning disable CA1001 // The token source is left to the collector: connections may still look at it.
public abstract class ProtocolServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, TestRun.FreePort());
    private readonly CancellationTokenSource _stop = new();

    private protected ProtocolServer(TestCertificate? certificate)
    {
        if (certificate is not null)
        {
            using var loaded = X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile);
            Certificate = X509CertificateLoader.LoadPkcs12(loaded.Export(X509ContentType.Pkcs12), null);
        }
    }

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private protected X509Certificate2? Certificate { get; }

    private protected CancellationToken Stopped => _stop.Token;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the port. Called when everything that connections look at is there.</summary>
    private protected void Listen()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    private protected abstract Task ServeAsync(TcpClient client);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
