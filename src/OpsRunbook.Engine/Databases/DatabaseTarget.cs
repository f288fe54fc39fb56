using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>Where a database is, with its password read.</summary>
/// <param name="Host">Host from which the server is reached.</param>
/// <param name="Database">The stack's entry.</param>
/// <param name="Password">The password; null for none.</param>
/// <param name="Timeout">Longest time for everything.</param>
internal sealed record DatabaseTarget(IHost Host, StackDatabase Database, string? Password, TimeSpan Timeout)
{
    private const int Probes = 3;

    // TCP_USER_TIMEOUT of linux/tcp.h.
    private const int UserTimeout = 18;

    private static readonly TimeSpan LeastSilence = TimeSpan.FromSeconds(5);

    /// <summary>A login that the caller gave; null for the stack's.</summary>
    public NetworkCredential? Login { get; init; }

    /// <summary>User to log in as; null for the engine's default.</summary>
    public string? User => Login?.UserName ?? Database.User;

    /// <summary>How long the phases of the last connection took.</summary>
    public DatabaseTimings Timings { get; } = new();

    /// <summary>Name or address of the server as seen from the host.</summary>
    public string Server => Database.Server ?? "localhost";

    /// <summary>TCP port.</summary>
    public int Port => Database.Port ?? Database.Engine switch
    {
        DatabaseEngine.Postgres => 5432,
        DatabaseEngine.MongoDb => 27017,
        _ => 3306,
    };

    /// <summary>Socket file; null for TCP.</summary>
    public string? Socket => Database.Socket is { } socket && Database.Engine == DatabaseEngine.Postgres && !socket.Contains(".s.PGSQL.", StringComparison.Ordinal)
        ? $"{socket.TrimEnd('/')}/.s.PGSQL.{Port}"
        : Database.Socket;

    /// <summary>Server and port, or socket, for messages.</summary>
    public string Text => Socket ?? EndpointErrors.HostPort(Server, Port);

    /// <summary>Database in which MongoDB looks for the user, as its own clients have it.</summary>
    public string LoginDatabase => Database.AuthSource ?? Database.Database ?? "admin";

    /// <summary>A login is configured.</summary>
    public bool HasLogin => User is not null || Password is not null;

    /// <summary>Encryption that must be there: null for none that must, else whether and how the certificate is verified.</summary>
    public TlsOptions? RequiredTls => Database.Tls switch
    {
        "require" => new TlsOptions(Server) { Insecure = true, CaFile = Database.TlsCa },
        "verify-ca" => new TlsOptions(Server) { AnyName = true, CaFile = Database.TlsCa },
        "verify-full" => new TlsOptions(Server) { CaFile = Database.TlsCa },
        _ => null,
    };

    /// <summary>Opens a connection to the server.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The stream.</returns>
    public async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Socket is { } socket)
            {
                var start = Stopwatch.GetTimestamp();
                var stream = await Host.ConnectUnixAsync(socket, cancellationToken);
                Timings.Connect = Stopwatch.GetElapsedTime(start);
                return stream;
            }

            var connection = await Connection.OpenAsync(Host, Server, Port, cancellationToken);
            (Timings.Dns, Timings.Connect) = (connection.Dns, connection.Connect);
            if (connection.Stream is NetworkStream network)
            {
                NoticeSilence(network.Socket);
            }

            return connection.Stream;
        }
        catch (OpsException error)
        {
            throw DatabaseErrors.FromEndpoint(error);
        }
    }

    /// <summary>How long a server may be silent before it is asked whether it is still there. A busy one is not cut off at once.</summary>
    public TimeSpan Silence => Timeout > LeastSilence ? Timeout : LeastSilence;

    /// <summary>What the start of a client program may add to <see cref="Timeout"/>, which is about the server.</summary>
    public TimeSpan ToolLimit => Database.Engine == DatabaseEngine.MongoDb ? MongoSession.StartLimit : TimeSpan.Zero;

    /// <summary>Asks for what is answered at once: waits no longer than the target's limit.</summary>
    /// <typeparam name="T">What is asked for.</typeparam>
    /// <param name="work">Asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="OpsException"><c>Db.Timeout</c>, or what the work throws.</exception>
    public Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) => Deadline.RunAsync(
        Timeout + ToolLimit, work, () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(Text, Timeout, "answer")), cancellationToken);

    // A statement may run for hours, and a network that has been cut says nothing: the kernels ask each other whether they are still
    // there. SSH does so by itself.
    private void NoticeSilence(Socket socket)
    {
        var pause = (int)Math.Ceiling(Silence.TotalSeconds / (Probes + 1));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, pause);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, pause);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        if (OperatingSystem.IsLinux())
        {
            // What was sent and not confirmed holds those questions back.
            socket.SetRawSocketOption((int)ProtocolType.Tcp, UserTimeout, BitConverter.GetBytes((int)Silence.TotalMilliseconds));
        }
    }

    // The compiler's ToString would print the password.
    private bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(Text);
        return true;
    }
}
