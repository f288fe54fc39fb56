namespace OpsRunbook.Engine.Hosts;

/// <summary>Makes the host that a stack describes under a name.</summary>
public static class HostFactory
{
    /// <summary>Makes a host. Nothing is connected yet.</summary>
    /// <param name="name">Name in the stack, or <c>local</c>.</param>
    /// <param name="stack">The stack.</param>
    /// <returns>The host.</returns>
    /// <exception cref="OpsException"><c>Stack.HostUnknown</c>.</exception>
    public static IHost Create(string name, OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(stack);
        if (stack.Hosts.TryGetValue(name, out var host))
        {
            return host switch
            {
                { Ssh: { Length: > 0 } destination } => new SshHost(name, destination, host.Identity, host.Options),
                { Container: { Length: > 0 } container } => new ContainerHost(name, container, host.Docker),
                _ => new LocalHost(name),
            };
        }

        return name.Equals(LocalHost.LocalName, StringComparison.Ordinal) ? new LocalHost() : throw Unknown(name, stack);
    }

    private static OpsException Unknown(string name, OpsStack stack)
    {
        var nearest = Nearest.Find(name, stack.Hosts.Keys.Append(LocalHost.LocalName));
        return new OpsException(
            "Stack.HostUnknown",
            OpsErrorKind.NotFound,
            $"The stack '{stack.Name}' has no host '{name}'.",
            nearest is null
                ? $"Its hosts are: {string.Join(", ", stack.Hosts.Keys.Append(LocalHost.LocalName).Distinct())}."
                : $"Did you mean '{nearest}'?",
            name);
    }
}
