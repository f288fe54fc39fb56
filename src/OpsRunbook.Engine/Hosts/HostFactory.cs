namespace OpsRunbook.Engine.Hosts;

/// <summary>Makes the host that a stack describes under a name.</summary>
public static class HostFactory
{
    /// <summary>Makes a host. Nothing is connected yet.</summary>
    /// <param name="name">Name in the stack, or <c>local</c>.</param>
    /// <param name="stack">The stack.</param>
    /// <returns>The host.</returns>
    /// <exception cref="OpsException"><c>Stack.HostUnknown</c>.</exception>
    public static IHost Create(string name, OpsStack stack) => throw new NotSupportedException();
}
