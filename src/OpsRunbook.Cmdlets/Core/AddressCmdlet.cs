using System.Management.Automation;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that works on servers of a stack, or on addresses instead.</summary>
public abstract class AddressCmdlet : StackCmdlet
{
    /// <summary>Addresses of servers instead of a stack: <c>redis://host:port/number</c>, <c>postgres://host:port/database</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Uri { get; set; } = [];

    /// <summary>User and password for the addresses of -Uri.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Longest wait for a connection and for an answer.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

    /// <summary>The wait that the caller allows; null for what the stack says.</summary>
    private protected TimeSpan? Limit => IsBound(nameof(Timeout)) ? WaitingTime.Require(Timeout, nameof(Timeout)) : null;

    /// <summary>Works on one server. One that cannot be reached, or refuses, does not end the work on the others.</summary>
    private protected static async Task AttemptAsync(IOperationOutput output, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OpsException error)
        {
            output.Error(error);
        }
    }
}
