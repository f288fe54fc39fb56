using System.Management.Automation;
using OpsRunbook.Engine.Logs;

namespace OpsRunbook.Cmdlets;

/// <summary>A cmdlet that takes records of logs by their text.</summary>
public abstract class LogFilterCmdlet : LogCmdlet
{
    /// <summary>Regular expression that the text of the record must contain.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Match { get; set; }

    /// <summary>Regular expression that the text of the record must not contain.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NotMatch { get; set; }

    /// <summary>-Match and -NotMatch tell capital letters from small ones.</summary>
    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    /// <summary>The records that are wanted, as far as the parameters here say.</summary>
    /// <returns>The query.</returns>
    private protected LogQuery Filtered() => Range() with { Match = Match, NotMatch = NotMatch, CaseSensitive = On(CaseSensitive) };
}
