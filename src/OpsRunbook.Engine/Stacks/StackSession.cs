using System.Collections.Concurrent;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Stacks;

/// <summary>
/// A stack in use: its hosts are connected on first use and its secrets are resolved when needed.
/// One session serves one command and is disposed at its end.
/// </summary>
public sealed class StackSession : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<IHost>> _hosts = new(StringComparer.Ordinal);
    private readonly SecretResolver _secrets;
    private readonly Lazy<IStateStore> _state;

    /// <summary>Opens a session. Nothing is connected yet.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="secrets">Resolves its secret references.</param>
    public StackSession(OpsStack stack, SecretResolver? secrets = null)
    {
        Stack = stack;
        _secrets = secrets ?? new SecretResolver();
        _state = new Lazy<IStateStore>(() => StateStores.Create(this));
    }

    /// <summary>The stack.</summary>
    public OpsStack Stack { get; }

    /// <summary>What the module remembers about the stack, in the place that the stack names. Nothing is read or connected before it is used.</summary>
    public IStateStore State => _state.Value;

    /// <summary>The host of that name. No connection is made before it is used.</summary>
    /// <param name="name">Name in the stack; null or <c>local</c> for this machine.</param>
    /// <returns>A host that the session disposes.</returns>
    /// <exception cref="OpsException"><c>Stack.HostUnknown</c>.</exception>
    public IHost Host(string? name) => _hosts
        .GetOrAdd(name ?? LocalHost.LocalName, static (key, stack) => new Lazy<IHost>(() => HostFactory.Create(key, stack)), Stack)
        .Value;

    /// <summary>The value of a secret.</summary>
    /// <param name="secret">The reference; null for none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The secret; null for none.</returns>
    /// <exception cref="OpsException"><c>Secret.NotResolved</c>.</exception>
    public ValueTask<string?> SecretAsync(SecretReference? secret, CancellationToken cancellationToken) =>
        secret is null ? ValueTask.FromResult<string?>(null) : _secrets.ResolveAsync(secret, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_state.IsValueCreated)
        {
            await _state.Value.DisposeAsync();
        }

        foreach (var host in _hosts.Values.Where(host => host.IsValueCreated))
        {
            await host.Value.DisposeAsync();
        }
    }
}
