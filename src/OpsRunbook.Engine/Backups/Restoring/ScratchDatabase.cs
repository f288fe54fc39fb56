using System.Globalization;
using System.Security.Cryptography;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Engine.Backups;

/// <summary>A database that a set is restored into to be looked at, and that is dropped afterwards, whatever happens.</summary>
internal sealed class ScratchDatabase : IAsyncDisposable
{
    /// <summary>What the names of all of them begin with.</summary>
    public const string Prefix = "opsrunbook_scratch_";

    private static readonly TimeSpan LastWork = TimeSpan.FromMinutes(2);
    private readonly IOperationOutput _output;

    private ScratchDatabase(IRestoreServer server, DatabaseTarget target, string name, IOperationOutput output)
    {
        (Server, Name, _output) = (server, name, output);
        Target = target with { Database = At(target.Database, name) };
    }

    /// <summary>The server.</summary>
    public IRestoreServer Server { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Where it is, to ask it something.</summary>
    public DatabaseTarget Target { get; }

    /// <summary>Opens a server, removes what runs that did not end have left there, and makes an empty database.</summary>
    /// <param name="database">A database of the stack on that server.</param>
    /// <param name="output">Takes a warning for each that was left behind.</param>
    /// <param name="check">Asked before anything is made.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The database; dispose it to drop it.</returns>
    public static async Task<ScratchDatabase> CreateAsync(DatabaseMember database, IOperationOutput output, Func<IRestoreServer, Task> check, CancellationToken cancellationToken)
    {
        var target = await database.TargetAsync(cancellationToken);
        var server = await RestoreServers.OpenAsync(database, target, cancellationToken);
        try
        {
            await check(server);
            await ClearAsync(server, target, output, cancellationToken);
            var name = NewName();
            var scratch = new ScratchDatabase(server, target, name, output);
            try
            {
                await server.CreateAsync(name, database.Definition.Database, mark: false, cancellationToken);
                return scratch;
            }
            catch
            {
                await scratch.DropAsync();
                throw;
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Drops what runs that did not end have left on a server.</summary>
    /// <param name="server">The server.</param>
    /// <param name="target">Where it is.</param>
    /// <param name="output">Takes a warning for each.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task.</returns>
    public static async Task ClearAsync(IRestoreServer server, DatabaseTarget target, IOperationOutput output, CancellationToken cancellationToken)
    {
        foreach (var left in await server.FindLeftAsync(Prefix, marked: false, cancellationToken))
        {
            await server.DropAsync(left, cancellationToken);
            output.Warning($"The scratch database '{left}' on {target.Text}, which an interrupted test or restore had left there, was dropped.");
        }
    }

    /// <summary>The same server, another database.</summary>
    /// <param name="definition">How the server is reached.</param>
    /// <param name="database">The database.</param>
    /// <returns>A definition.</returns>
    public static StackDatabase At(StackDatabase definition, string database) => new()
    {
        Engine = definition.Engine,
        Host = definition.Host,
        Server = definition.Server,
        Port = definition.Port,
        Socket = definition.Socket,
        Database = database,
        User = definition.User,
        Password = definition.Password,
        Tls = definition.Tls,
        TlsCa = definition.TlsCa,
        Timeout = definition.Timeout,
    };

    /// <summary>A name that no other has.</summary>
    /// <returns>The name.</returns>
    public static string NewName() =>
        $"{Prefix}{DateTime.UtcNow.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture)}_{Convert.ToHexString(RandomNumberGenerator.GetBytes(4)).ToLowerInvariant()}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        await Server.DisposeAsync();
    }

    // After Ctrl+C too. What cannot be dropped now is found and dropped by the next test.
    private async Task DropAsync()
    {
        using var limit = new CancellationTokenSource(LastWork);
        try
        {
            await Server.DropAsync(Name, limit.Token);
        }
        catch (Exception error) when (error is OpsException or OperationCanceledException or ObjectDisposedException)
        {
            _output.Warning($"The scratch database '{Name}' on {Target.Text} could not be dropped: {error.Message} The next Test-DbBackup there drops it.");
        }
    }
}
