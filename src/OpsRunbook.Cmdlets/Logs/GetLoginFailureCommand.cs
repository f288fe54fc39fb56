using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Logs.Logins;

namespace OpsRunbook.Cmdlets;

/// <summary>Counts failed logins by source address and account.</summary>
[Cmdlet(VerbsCommon.Get, "LoginFailure", DefaultParameterSetName = "Stack")]
[OutputType(typeof(LoginFailure))]
public sealed class GetLoginFailureCommand : LogCmdlet
{
    /// <summary>What they are put together by.</summary>
    [Parameter]
    public LoginFailureBy By { get; set; }

    /// <summary>Only what failed so often.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Minimum { get; set; } = 1;

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var reader = new LoginFailureReader(Range(), By, output);
        if (Path.Length > 0)
        {
            reader.AddPaths(Path, WorkingDirectory);
            await reader.RunAsync(Minimum, cancellationToken);
            return;
        }

        await using var session = await OpenStackAsync(output, cancellationToken, discover: false);
        await reader.AddMembersAsync(session, Names, cancellationToken);
        await reader.RunAsync(Minimum, cancellationToken);
    }
}
