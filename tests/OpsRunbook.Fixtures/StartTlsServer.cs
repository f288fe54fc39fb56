using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>A small peer that begins in plain text and changes to TLS when it is asked by SMTP (RFC 3207), IMAP (RFC 9051) or LDAP (RFC 4511).</summary>
public sealed class StartTlsServer : ProtocolServer
{
    private static readonly byte[] LdapRequest = [0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16, .. "1.3.6.1.4.1.1466.20037"u8];
    private static readonly byte[] LdapSuccess = [0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00];
    private static readonly byte[] LdapUnavailable = [0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, 0x34, 0x04, 0x00, 0x04, 0x00];

    private readonly string _protocol;

    /// <summary>Opens the port.</summary>
    /// <param name="protocol"><c>smtp</c>, <c>imap</c> or <c>ldap</c>.</param>
    /// <param name="certificate">What it presents; null for a server that refuses to change to TLS.</param>
    public StartTlsServer(string protocol, TestCertificate? certificate)
        : base(certificate)
    {
        _protocol = protocol;
        Listen();
    }

    /// <summary>The last thing that a client said over TLS.</summary>
    public string Farewell { get; private set; } = string.Empty;

    private protected override async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                if (!await BeginAsync(stream))
                {
                    return;
                }

                await using var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, Stopped);
                var buffer = new byte[256];
                Farewell = Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, Stopped)).Trim();
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or AuthenticationException or ObjectDisposedException)
        {
            // The client has gone.
        }
    }

    private async Task<bool> BeginAsync(NetworkStream stream)
    {
        switch (_protocol)
        {
            case "smtp":
                await SayAsync(stream, "220-mail.example.test\r\n220 ESMTP\r\n");
                await ExpectAsync(stream, "EHLO");
                await SayAsync(stream, Certificate is null ? "250-mail.example.test\r\n250 SIZE 1000\r\n" : "250-mail.example.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
                await ExpectAsync(stream, "STARTTLS");
                await SayAsync(stream, Certificate is null ? "502 5.5.1 not implemented\r\n" : "220 2.0.0 Ready to start TLS\r\n");
                break;
            case "imap":
                await SayAsync(stream, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n");
                await ExpectAsync(stream, "a STARTTLS");
                await SayAsync(stream, Certificate is null ? "* hold on\r\na BAD unknown command\r\n" : "* hold on\r\na OK begin TLS negotiation now\r\n");
                break;
            default:
                var request = new byte[LdapRequest.Length];
                await stream.ReadExactlyAsync(request, Stopped);
                if (!request.AsSpan().SequenceEqual(LdapRequest))
                {
                    return false;
                }

                await stream.WriteAsync(Certificate is null ? LdapUnavailable : LdapSuccess, Stopped);
                break;
        }

        return Certificate is not null;
    }

    private async Task SayAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text), Stopped);

    private async Task ExpectAsync(NetworkStream stream, string begin)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (!line.ToString().EndsWith("\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, Stopped);
            line.Append((char)one[0]);
        }

        if (!line.ToString().StartsWith(begin, StringComparison.Ordinal))
        {
            throw new IOException($"'{line}' instead of '{begin}'");
        }
    }
}
