using OpsRunbook.Engine.Docker;

namespace OpsRunbook.Engine.Hosts;

/// <summary>A connection from inside a container, by whatever the image has for it.</summary>
internal static class ContainerRelay
{
    // Sent by the script once the connection stands, so that a refusal is not mistaken for a silent server.
    // nc does not say when that is, hence the first, short-lived connection.
    private const byte Ready = 6;
    private const string NoTool = "opsrunbook: no tool";
    private const string TryWith = " (bash, socat or nc)";

    private const string TcpText = """
        if command -v bash >/dev/null 2>&1; then
          exec bash -c 'exec 3<>"/dev/tcp/$1/$2" || exit 1; printf "\006"; cat <&3 & cat >&3; wait' bash "$1" "$2"
        fi
        if command -v socat >/dev/null 2>&1; then
          socat -u /dev/null "TCP:$1:$2,connect-timeout=10" || exit 1
          printf '\006'; exec socat - "TCP:$1:$2,connect-timeout=10"
        fi
        if command -v nc >/dev/null 2>&1; then
          e=$(nc -w 1 "$1" "$2" 2>&1 >/dev/null </dev/null) || case $e in
            *refused*|*address*|*resol*|*getaddrinfo*|*known*|*nreachable*|*route*) echo "$e" >&2; exit 1 ;;
          esac
          printf '\006'; exec nc "$1" "$2"
        fi
        echo 'opsrunbook: no tool' >&2; exit 1
        """;

    private const string UnixText = """
        [ -S "$1" ] || { echo 'No such socket' >&2; exit 1; }
        if command -v socat >/dev/null 2>&1; then printf '\006'; exec socat - "UNIX-CONNECT:$1"; fi
        if command -v nc >/dev/null 2>&1 && nc -h 2>&1 | grep -q -e '-U'; then printf '\006'; exec nc -U "$1"; fi
        echo 'opsrunbook: no tool' >&2; exit 1
        """;

    public static HostCommand Tcp(string address, int port) => new("sh", "-c", TcpText, "sh", address, port.ToString());

    public static HostCommand Unix(string path) => new("sh", "-c", UnixText, "sh", path);

    /// <summary>Waits until the relay has its connection.</summary>
    /// <param name="stream">The relay's stream.</param>
    /// <param name="host">Name of the host, for messages.</param>
    /// <param name="target">Address and port, or path.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends with the connection.</returns>
    public static async Task AwaitReadyAsync(DockerExecStream stream, string host, string target, CancellationToken cancellationToken)
    {
        var first = new byte[1];
        if (await stream.ReadAsync(first, cancellationToken) == 1 && first[0] == Ready)
        {
            return;
        }

        var rest = new byte[1024];
        var length = await stream.ReadAtLeastAsync(rest, rest.Length, throwOnEndOfStream: false, cancellationToken);
        var said = stream.ErrorText + (char)first[0] + System.Text.Encoding.UTF8.GetString(rest, 0, length);
        throw said switch
        {
            _ when Says(said, NoTool) || Says(said, "executable file not found") => new OpsException(
                "Host.RelayMissing",
                OpsErrorKind.NotInstalled,
                $"{target} can only be reached from inside {host}, and its image has no tool for that{TryWith}.",
                "Publish the port, let the server listen on the container's own address, or add one of the tools to the image.",
                target),
            _ when Says(said, "refused") => SocketConnector.PortClosed(host, target),
            _ when Says(said, "not known") || Says(said, "bad address") || Says(said, "resol") || Says(said, "getaddrinfo")
                || Says(said, "Name does not") => SocketConnector.NameUnknown(host, target),
            _ when Says(said, "timed out") => SocketConnector.TimedOut(host, target, null),
            _ when Says(said, "No such socket") => SocketConnector.SocketMissing(host, target),
            _ => SocketConnector.Unreachable(host, target, said.Trim('\0', '\n', ' ').Split('\n')[0]),
        };
    }

    private static bool Says(string text, string words) => text.Contains(words, StringComparison.OrdinalIgnoreCase);
}
