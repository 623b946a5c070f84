"""The small words of each language: those that hardly a sentence does without, by its tongue.

They tell what a text is written in, whatever it is about (`written_in`). A word that several
languages have stands in each of them. What is only written before an apostrophe ends with one.
"""

_LISTS = {
    "en": "a after all also am an and are as at be because been before but by can can't do does"
    " doesn't don't each for from get gets had has have how i'm if in into is isn't it it's its"
    " let's more most must needs no not of on once one only or out so than that that's the their"
    " them then there there's these they this those to until up was we were what when where which"
    " while who will with won't would yet you you're you've your",
    "de": "aber alle als also am an auch auf aus bei bevor bis bist da damit dann das dass davon"
    " dein deine deinen deiner dem den der des die dies diese dieser dich dir drei du durch ein"
    " eine einem einen einer eines er es fast für gibt habe haben hast hat heute hier ihr ihre im"
    " in ins ist jede jeden jetzt kann kannst kein keine man mehr mit muss musst nach nicht nichts"
    " noch nur ob oder ohne schon sehr sein seine sich sie sind so sonst steht über um und unter"
    " viel vom von vor was weil wenn wer werden wie wir wird wo zu zuerst zum zur zwei zwischen",
    "fr": "à après au aujourd'hui aussi aux avant avec avez c' car ce cela ces cette chaque chez"
    " comme d' dans de depuis des deux dès donc du elle elles en entre est et être faire faites il"
    " ils j' je jusqu' l' la le les leur leurs lorsqu' lui m' ma mais même moins n' ne notre nous"
    " on ont ou où par pas pendant peu plus pour puis qu' quand que qui rien s' sa sans se ses si"
    " son sont sous sur surtout t' ta tes ton tous tout toute toutes très un une vers vos votre"
    " vous y",
    "es": "a al algo antes aún así aunque cada como con cuando de del desde después donde dos el"
    " ella ellas ellos en entre es esa ese eso esta está están estas este esto estos fue ha hacer"
    " hacia han has hasta hay haz hoy la las le les lo los luego mañana más me mi mientras muy nada"
    " no nos o otra otras otro otros para parte pero por porque pues puedas puede puedes que qué se"
    " ser sí sin sobre son su sus también te tiene tienen tienes toda todas todo todos tres tu tus"
    " tuya un una uno y ya",
    "pt": "a à ainda ao aos antes após as às assim até cada com como da daqui das de dela dele dele"
    " delas deles depois desde do dois dos duas e é ela elas ele eles em entre era essa esse esta"
    " está estão este eu faça fazer foi há hoje isso isto já lhe mais mas me mesmo meu minha muito"
    " na nada não nas nem no nos num numa o os ou outra outro outros para pela pelas pelo pelos"
    " pode por porque quando que são se sem ser seu seus sim só sob sobre sua suas também tem têm"
    " tenha ter tudo um uma umas uns você vocês",
    "it": "a ad agli ai al all' alla alle allo anche ancora c' che chi ci ciò come con cosa cui d'"
    " da dai dal dall' dalla dalle degli dei del dell' della delle di dopo dove due e è ed entro"
    " era essere fa fai fare fatta fino fra gli ha hai hanno i il in l' la le lei lo loro lui ma mi"
    " io nei nel nell' nella nelle nessuna no non o oggi ogni per perché più poi prima qual quale"
    " quando quella quello quest' questa queste questi questo quindi se sei senza si sono sopra"
    " sotto su sua sul sull' sulla suo ti tra tre tu tua tue tuo tuoi tutta tutte tutti tutto un"
    " un' una uno",
    "nl": "aan af al alle alleen als bent bij daar dan dat de deze die dit doe door dus een eerst"
    " en er erop ervan geen hebben hebt heeft het hier hij hoe iets ik in is je jij jou jouw kan"
    " kun kunnen maar meer met mijn moet moeten na naar nadat niet niets nog nu of om omdat onder"
    " ook op over te ten ter toch tot twee uit uur van vandaag veel vooral voor voordat waar want"
    " wat we wel werd wie wij worden wordt ze zich zij zijn zo zonder zou",
    "pl": "a ale bez będzie być był była było ci ciebie co czeka czekają czy dla dlatego do dwa"
    " dziś dzisiaj gdy gdzie i ich ile inne inni innych ja jak jako je jeden jedna jedno jednak"
    " jego jej jest jeszcze już każdy kiedy która które który ma mają masz może możesz musisz na"
    " nad najpierw nie nim nic niż o od ode oni oraz po pod ponieważ potem przed przez przy są się"
    " sobie ta tak także tam te tego tej ten teraz to tu twoja twoje twój tych tylko tym u w we"
    " więc wszystko z za zanim ze że żeby",
}
FUNCTION_WORDS = {tongue: frozenset(words.split()) for tongue, words in _LISTS.items()}

_PARTICLES = "da das de del della der di do dos du la las le les los of the van von"
NAME_PARTICLES = frozenset(_PARTICLES.split())
"""Small words that stand inside names, whatever language these are used in."""

CHINESE_SIGNS = frozenset(
    "你您妳们們这這那吗嗎呢吧呀啊哪谁么个没沒说說对让讓给为时间问题过进开关请议务项计划发标备认电话"
    "邮级办应该处经将还后从于与并且样见长东车门书业动区产义员现实视观规设许论证评词语读课谈"
)
"""Signs that Chinese is written with and Japanese is not."""
