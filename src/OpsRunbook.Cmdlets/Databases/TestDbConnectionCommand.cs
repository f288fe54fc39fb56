using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Databases;

namespace OpsRunbook.Cmdlets;

/// <summary>Tests whether databases can be used, with the time of each phase and the cause of a failure.</summary>
[Cmdlet(VerbsDiagnostic.Test, "DbConnection")]
[OutputType(typeof(DbConnectionTest))]
public sealed class TestDbConnectionCommand : DbLookCmdlet
{
    private protected override Task RunAsync(DatabaseMember member, IOperationOutput output, CancellationToken cancellationToken) =>
        new ConnectionTester(member, output).RunAsync(cancellationToken);
}
