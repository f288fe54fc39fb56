using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Docker;

/// <summary>Where an engine listens, and how to connect to it.</summary>
internal sealed class DockerEndpoint
{
    private readonly string? _path;
    private readonly Uri? _tcp;
    private readonly string? _certificates;

    private DockerEndpoint(string address, string? path, Uri? tcp, string? certificates)
    {
        Address = address;
        _path = path;
        _tcp = tcp;
        _certificates = certificates;
    }

    /// <summary>The address as it was given.</summary>
    public string Address { get; }

    /// <summary>Reads an address.</summary>
    /// <param name="address"><c>unix:///path</c> or <c>tcp://host:port</c>.</param>
    /// <returns>The endpoint.</returns>
    public static DockerEndpoint Parse(string address)
    {
        const string unix = "unix://";
        if (address.StartsWith(unix + "/", StringComparison.Ordinal))
        {
            return new DockerEndpoint(address, address[unix.Length..], null, null);
        }

        if (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "tcp" or "http" or "https" && uri!.Host.Length > 0)
        {
            // As in Docker's own client: any value that is not empty turns TLS on.
            var secure = uri.Scheme == "https" || Environment.GetEnvironmentVariable("DOCKER_TLS_VERIFY") is { Length: > 0 };
            var folder = Environment.GetEnvironmentVariable("DOCKER_CERT_PATH") is { Length: > 0 } configured
                ? configured
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".docker");
            return new DockerEndpoint(address, null, uri, secure ? folder : null);
        }

        throw DockerErrors.EndpointInvalid(address);
    }

    public async Task<Stream> ConnectAsync(IHost host, CancellationToken cancellationToken)
    {
        try
        {
            if (_path is not null)
            {
                return await host.ConnectUnixAsync(_path, cancellationToken);
            }

            var port = _tcp!.Port > 0 ? _tcp.Port : _certificates is null ? 2375 : 2376;
            var stream = await host.ConnectAsync(_tcp.Host, port, cancellationToken);
            return _certificates is null ? stream : await SecureAsync(stream, _certificates, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Endpoint.SocketMissing")
        {
            throw DockerErrors.SocketMissing(host.Name, _path!, error);
        }
        catch (OpsException error) when (error.Id is "Endpoint.Forbidden")
        {
            throw DockerErrors.SocketForbidden(host.Name, Address, error);
        }
        catch (OpsException error) when (error.Id.StartsWith("Endpoint.", StringComparison.Ordinal))
        {
            throw DockerErrors.NotAnswering(Address, error.Message, error);
        }
    }

    private async Task<Stream> SecureAsync(Stream stream, string folder, CancellationToken cancellationToken)
    {
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "cert.pem"), Path.Combine(folder, "key.pem"));
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(Path.Combine(folder, "ca.pem"));
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = _tcp!.Host, ClientCertificates = [pem], CertificateChainPolicy = policy },
                cancellationToken);
            return secure;
        }
        catch (Exception error) when (error is AuthenticationException or IOException and not FileNotFoundException or SocketException)
        {
            await secure.DisposeAsync();
            throw DockerErrors.NotAnswering(Address, error.InnerException?.Message ?? error.Message, error);
        }
        catch (Exception error) when (error is CryptographicException or FileNotFoundException or UnauthorizedAccessException)
        {
            await secure.DisposeAsync();
            throw DockerErrors.CertificateInvalid(folder, error);
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }
}
