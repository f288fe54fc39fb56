# The commands for incidents in a session, with the state in a folder of its own.
BeforeAll {
    Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

    $script:State = $env:OPSRUNBOOK_STATE
    $env:OPSRUNBOOK_STATE = Join-Path $TestDrive 'state'
    $script:Sent = Join-Path $TestDrive 'sent.txt'
    $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
    Set-Content -LiteralPath $Stack -Value @"
stack: pester
severities: { P1: { response: 15m }, P2: { response: 1h } }
incident:
  announce: [chat]
  phases: [{ name: acknowledge, from: 0s, until: 5m }]
announce: { chat: { kind: command, command: [tee, $Sent] } }
contacts: { anna: { name: Anna }, ben: { name: Ben } }
escalation: { matrix: { P1: [{ after: 0s, notify: anna }, { after: 5m, notify: ben }, { after: 1h, notify: ben }] } }
"@
}

AfterAll {
    $env:OPSRUNBOOK_STATE = $State
}

Describe 'Incidents' {
    It 'only plan with -WhatIf' {
        Start-Incident 'Nobody can buy' P1 -Stack $Stack -WhatIf | Should -BeOfType OpsRunbook.OpsPlanStep
        Get-Incident -Stack $Stack | Should -BeNullOrEmpty
    }

    It 'begin with due times' {
        $incident = Start-Incident 'Nobody can buy' p1 -Service shop -At 10m -Stack $Stack
        $incident | Should -BeOfType OpsRunbook.OpsIncident
        $incident.Severity | Should -Be 'P1'
        $incident.Overdue | Should -Be 'acknowledge'
        $incident.Phases.State | Should -Be @('Due', 'Overdue')
        ($incident | Get-Escalation -Due -Stack $Stack).Contact | Should -Be @('anna', 'ben')
        { Start-Incident 'Another' P1 -Stack $Stack } | Should -Throw -ErrorId 'Incident.Open*'
    }

    It 'take notes from the pipeline' {
        $entries = 'first', "second`nline" | Add-IncidentEntry -Stack $Stack
        $entries.Text | Should -Be @('first', "second`nline")
        (Add-IncidentEntry -Milestone Acknowledged -Stack $Stack).Kind | Should -Be 'Progress'
    }

    It 'are told of, and show the changes of other commands' {
        Send-OpsAnnouncement 'subject' 'text' -Stack $Stack | Out-Null
        (Send-IncidentUpdate 'It is being looked at.' -NextUpdate 30m -Stack $Stack).Status | Should -Be 'Healthy'
        Get-Content -LiteralPath $Sent -Raw | Should -Match 'Current Status:\s+It is being looked at\.'
        (Get-Incident -Open -Stack $Stack).Timeline.Kind | Should -Be @('Started', 'Note', 'Note', 'Progress', 'Change', 'Update')
    }

    It 'end, and are written as documents' {
        $incident = Stop-Incident -RootCause 'A full disk' -Stack $Stack
        $incident.Status | Should -Be 'Resolved'
        $incident.TimeToResolve | Should -BeGreaterThan ([timespan]'00:09:00')
        $incident | Export-Incident -Stack $Stack | Should -Match '## Root cause\s+A full disk'
        $file = Join-Path $TestDrive 'incident.html'
        $incident | Export-Incident $file -Stack $Stack
        Get-Content -LiteralPath $file -First 1 | Should -Be '<!DOCTYPE html>'
        Get-OpsJournal -Incident $incident.Id -Command Send-OpsAnnouncement -Stack $Stack | Should -HaveCount 1
    }

    It 'show in 120 columns, status first' {
        $lines = (Get-Incident -Stack $Stack | Out-String -Width 120) -split "`n"
        $lines | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
        $lines -match '^Resolved\s+INC-' | Should -HaveCount 1
    }
}
