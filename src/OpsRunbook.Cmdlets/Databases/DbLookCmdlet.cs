using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that looks at databases, all of them at once.</summary>
public abstract class DbLookCmdlet : DbCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of databases of the stack, with wildcards. Without it: all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Database")]
    [ArgumentCompleter(typeof(StackMemberCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected sealed override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected sealed override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        await using var session = await OpenAsync(output, cancellationToken);
        await Task.WhenAll(Select(session, _names, output).Select(member => AttemptAsync(output, () => RunAsync(member, output, cancellationToken))));
    }

    /// <summary>Looks at one database and emits what there is to say.</summary>
    /// <param name="member">The database.</param>
    /// <param name="output">Takes the results.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A task that ends with the last result.</returns>
    private protected abstract Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken);
}
