using System.Net.Sockets;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>The failures of reaching an endpoint, with the same identifiers wherever they arise.</summary>
internal static class EndpointErrors
{
    /// <summary><c>host:port</c>, with brackets around an IPv6 address.</summary>
    public static string HostPort(string address, int port) =>
        address.Contains(':', StringComparison.Ordinal) && !address.StartsWith('[') ? $"[{address}]:{port}" : $"{address}:{port}";

    /// <summary>Empty for this machine, else <c> from app</c>.</summary>
    public static string From(IHost host) => Connection.IsLocal(host) ? string.Empty : $" from {host.Name}";

    public static OpsException NameUnknown(string address, IHost host, Exception? inner = null) => new(
        "Endpoint.NameUnknown",
        OpsErrorKind.Connection,
        $"The name '{address}' cannot be resolved{From(host)}.",
        "Check the spelling, and what the resolvers say: Test-DnsRecord " + address,
        address,
        inner);

    public static OpsException Timeout(string target, TimeSpan timeout, string waitingFor) => new(
        "Endpoint.Timeout",
        OpsErrorKind.Timeout,
        $"{target} did not {waitingFor} within {Duration.Format(timeout)}.",
        "Check firewalls and the load of the server, or allow more time with -Timeout.",
        target);

    public static OpsException ProtocolError(string target, string what, Exception? inner = null) => new(
        "Endpoint.ProtocolError",
        OpsErrorKind.InvalidData,
        $"{target} {what}.",
        "Check that the port belongs to the expected service.",
        target,
        inner);

    /// <summary>Names the failure of a socket call.</summary>
    public static OpsException FromSocket(SocketException error, string address, int port, IHost host)
    {
        var target = HostPort(address, port);
        return error.SocketErrorCode switch
        {
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery => NameUnknown(address, host, error),
            SocketError.ConnectionRefused => new OpsException(
                "Endpoint.PortClosed",
                OpsErrorKind.Connection,
                $"Nothing listens on {target}{From(host)}: the connection was refused.",
                "Check that the service runs and on which address and port it listens (Get-ListeningPort).",
                target,
                error),
            SocketError.TimedOut => new OpsException(
                "Endpoint.Timeout",
                OpsErrorKind.Timeout,
                $"{target} did not accept a connection{From(host)} before the system gave up.",
                "Check firewalls and that the machine is up.",
                target,
                error),
            SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => new OpsException(
                "Endpoint.LocalLimit",
                OpsErrorKind.OperationFailed,
                $"{target} was not tried: this process may open no more connections ({error.Message}).",
                "Lower -ThrottleLimit or raise the limit of open files (ulimit -n).",
                target,
                error),
            _ => new OpsException(
                "Endpoint.Unreachable",
                OpsErrorKind.Connection,
                $"{target} cannot be reached{From(host)}: {error.Message}.",
                "Check the route, the firewall and that the machine is up.",
                target,
                error),
        };
    }
}
