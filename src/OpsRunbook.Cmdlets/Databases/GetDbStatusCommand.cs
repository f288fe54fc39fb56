using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Gets the state of database servers.</summary>
[Cmdlet(VerbsCommon.Get, "DbStatus")]
[OutputType(typeof(DbStatus))]
public sealed class GetDbStatusCommand : DbLookCmdlet
{
    private protected override Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken) => Task.WhenAll(
        new StatusReader(member, output).RunAsync(cancellationToken), TemporarySettings.WarnAsync(member, output, cancellationToken));
}
