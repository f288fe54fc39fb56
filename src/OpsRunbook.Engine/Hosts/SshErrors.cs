namespace OpsRunbook.Engine.Hosts;

/// <summary>Tells from what the OpenSSH client says why there is no connection.</summary>
internal static class SshErrors
{
    /// <summary>The error for a connection that could not be made.</summary>
    /// <param name="name">The stack's name for the host.</param>
    /// <param name="destination">Where the client was to connect to.</param>
    /// <param name="said">Its error output in the C locale.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException Classify(string name, SshDestination destination, string said)
    {
        var where = destination.Port is { } port ? $"{destination.Host}:{port}" : destination.Host;
        var byHand = destination.Port is { } other ? $"ssh -p {other} {destination.Host}" : $"ssh {destination.Host}";
        if (Says("REMOTE HOST IDENTIFICATION HAS CHANGED") || Says("host key for") && Says("has changed"))
        {
            return new OpsException(
                "Host.KeyChanged",
                OpsErrorKind.PermissionDenied,
                $"The host key of {name} ({where}) is not the one in known_hosts: the machine was reinstalled, or another one answers in its place.",
                $"Compare the key's fingerprint with the machine's own first; only then remove the old one with ssh-keygen -R and connect once with '{byHand}'.",
                name);
        }

        if (Says("Host key verification failed") || Says("host key is known for"))
        {
            return new OpsException(
                "Host.KeyUnknown",
                OpsErrorKind.PermissionDenied,
                $"The host key of {name} ({where}) is not known, and nobody is asked whether it is right.",
                $"Connect once with '{byHand}' and compare the fingerprint, or set 'StrictHostKeyChecking: accept-new' in the host's options.",
                name);
        }

        if (Says("Permission denied") || Says("Too many authentication failures") || Says("No supported authentication methods"))
        {
            return new OpsException(
                "Host.LoginRefused",
                OpsErrorKind.PermissionDenied,
                $"{name} ({where}) refused the login: {Line("Permission denied", "Too many authentication", "No supported authentication")}",
                $"Check the user, and that its key is in the agent or named by 'identity:'. '{byHand}' must work without a question.",
                name);
        }

        if (Says("Could not resolve hostname"))
        {
            return new OpsException(
                "Host.NameUnknown",
                OpsErrorKind.NotFound,
                $"The name of {name} ({where}) is not known: {Line("Could not resolve")}",
                "Check its spelling, your ssh_config and the name resolution.",
                name);
        }

        if (Says("timed out"))
        {
            return TimedOut(name, where, Line("timed out"));
        }

        if (Says("Bad configuration option") || Says("Bad owner or permissions") || Says("bad configuration options")
            || Says("Unsupported option") || Says("keyword") && Says("argument"))
        {
            return new OpsException(
                "Host.SshConfigInvalid",
                OpsErrorKind.InvalidData,
                $"The SSH client does not accept its configuration for {name} ({where}): {Line("onfiguration option", "permissions", "keyword")}",
                "Correct ssh_config or the host's options in the stack file.",
                name);
        }

        return new OpsException(
            "Host.Unreachable",
            OpsErrorKind.Connection,
            $"{name} ({where}) cannot be reached over SSH: {Line("connect to", "refused", "route", "losed", "reset")}",
            $"Check that the machine is up and that its sshd listens there; '{byHand}' shows the details.",
            name);

        bool Says(string words) => said.Contains(words, StringComparison.Ordinal);

        // The line that matters, past warnings and the server's banner.
        string Line(params string[] hints)
        {
            var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return lines.FirstOrDefault(line => Array.Exists(hints, hint => line.Contains(hint, StringComparison.Ordinal)))
                ?? lines.LastOrDefault() ?? "the client gave no reason.";
        }
    }

    public static OpsException TimedOut(string name, string where, string cause) => new(
        "Host.Timeout",
        OpsErrorKind.Timeout,
        $"{name} ({where}) does not answer over SSH: {cause}",
        "The machine may be down or overloaded, or a firewall drops the packets.",
        name);

    /// <summary>The error for a connection that the remote side could not open.</summary>
    /// <param name="name">The stack's name for the host.</param>
    /// <param name="target">Address and port, or path.</param>
    /// <param name="reason">What its sshd said: <c>connect failed: Connection refused</c>.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException ClassifyForward(string name, string target, string reason)
    {
        if (Says("refused"))
        {
            return SocketConnector.PortClosed(name, target);
        }

        if (Says("not known") || Says("No address") || Says("name resolution") || Says("resolve"))
        {
            return SocketConnector.NameUnknown(name, target);
        }

        if (Says("timed out"))
        {
            return SocketConnector.TimedOut(name, target, null);
        }

        if (Says("prohibited"))
        {
            return new OpsException(
                "Host.ForwardingForbidden",
                OpsErrorKind.PermissionDenied,
                $"The sshd of {name} does not let this user open connections from there, so {target} cannot be checked.",
                "Allow it with AllowTcpForwarding (and AllowStreamLocalForwarding, PermitOpen) in sshd_config.",
                target);
        }

        return SocketConnector.Unreachable(name, target, reason);

        bool Says(string words) => reason.Contains(words, StringComparison.OrdinalIgnoreCase);
    }
}
