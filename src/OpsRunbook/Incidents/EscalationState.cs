namespace OpsRunbook;

/// <summary>When somebody is to be called.</summary>
public enum EscalationState
{
    /// <summary>Now: the time has come.</summary>
    Due,

    /// <summary>When the time of <see cref="EscalationContact.DueIn"/> has passed without success.</summary>
    Later,

    /// <summary>At once, whatever the time, when <see cref="EscalationContact.Because"/> is the case.</summary>
    Immediate,
}
